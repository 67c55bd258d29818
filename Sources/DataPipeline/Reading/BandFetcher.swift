import HDF5Storage
import Basics

/// Reads samples in whole bands of rows through HDF5, and keeps a band until every shard that used it has gone on to
/// another window: so that a compressed chunk is unpacked once an epoch, or once more on the boundary of two shards.
final class BandFetcher: SampleFetcher {
    private(set) var rowsRead = 0
    private let dataset: SampleSet
    private let bandRows: Int

    /// A band in memory, and how many shards may still draw from it.
    private final class Band {
        let bytes: AlignedBuffer<UInt8>
        var holders = 0
        init(_ bytes: AlignedBuffer<UInt8>) { self.bytes = bytes }
    }
    /// Where a shard is, and what it holds for that.
    private struct Place {
        var epoch: Int
        var window: Int
        var held: Set<Int> = []
    }
    private var bands: [Int: Band] = [:]
    private var places: [Int: Place] = [:]
    private var spare: [AlignedBuffer<UInt8>] = []

    init(_ dataset: SampleSet, bandRows: Int) {
        self.dataset = dataset
        self.bandRows = bandRows
    }

    func fetch(_ draws: [Sampler.Draw], epoch: Int, shard: Int, into output: UnsafeMutableRawPointer) throws {
        let size = dataset.source.sampleBytes
        for (slot, draw) in draws.enumerated() {
            enter(window: draw.window, epoch, shard)
            let row = dataset.rows[draw.sample]
            let band = try band(row / bandRows, heldBy: shard)
            dataset.source.copySample(band.baseAddress + row % bandRows * size, to: output + slot * size)
        }
    }

    /// Lets go of what a shard held for the window it leaves.
    private func enter(window: Int, _ epoch: Int, _ shard: Int) {
        if let place = places[shard] {
            if place.window == window && place.epoch == epoch { return }
            for index in place.held {
                guard let band = bands[index] else { continue }
                band.holders -= 1
                if band.holders == 0 {
                    bands[index] = nil
                    spare.append(band.bytes)
                }
            }
        }
        places[shard] = Place(epoch: epoch, window: window)
    }

    private func band(_ index: Int, heldBy shard: Int) throws -> AlignedBuffer<UInt8> {
        let band = try bands[index] ?? Band(load(index))
        bands[index] = band
        if places[shard]?.held.insert(index).inserted == true { band.holders += 1 }
        return band.bytes
    }

    private func load(_ index: Int) throws -> AlignedBuffer<UInt8> {
        let bytes = spare.popLast() ?? AlignedBuffer<UInt8>(count: bandRows * dataset.source.sampleBytes)
        let source = dataset.source.dataset
        let rows = index * bandRows..<min((index + 1) * bandRows, source.rows)
        rowsRead += rows.count
        switch dataset.source.form {
        case .bytes: try source.read(rows: rows, into: bytes.baseAddress)
        case .floats:
            try source.read(
                rows: rows, into: UnsafeMutableRawPointer(bytes.baseAddress).assumingMemoryBound(to: Float.self))
        }
        return bytes
    }
}
