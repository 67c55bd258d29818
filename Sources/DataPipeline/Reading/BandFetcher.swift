import HDF5Storage
import Basics
import Datasets

/// Reads samples in whole bands of rows through HDF5, and keeps a band until every shard that used it has gone on to
/// another window: so that a compressed chunk is unpacked once an epoch, or once more on the boundary of two shards.
final class BandFetcher: SampleFetcher {
    private(set) var rowsRead = 0
    private let source: SampleSource
    private let bandRows: Int
    /// Bytes of the largest band.
    private let bandBytes: Int

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

    init(_ source: SampleSource, bandRows: Int) {
        self.source = source
        self.bandRows = bandRows
        bandBytes = source.parts.largestBand(rows: bandRows)
    }

    func fetch(
        _ draws: [Sampler.Draw], of samples: SampleSet, epoch: Int, shards: [Int],
        into output: UnsafeMutableRawPointer, at starts: UnsafePointer<Int>
    ) throws {
        for (index, draw) in draws.enumerated() {
            enter(window: draw.window, epoch, shards[index])
            let row = samples.rows[draw.sample]
            let first = row / bandRows * bandRows
            let band = try band(row / bandRows, heldBy: shards[index])
            source.copySample(
                band.baseAddress + source.parts.length(of: first..<row), to: output + starts[index],
                byteCount: source.parts.length(of: row))
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
        let bytes = spare.popLast() ?? AlignedBuffer<UInt8>(count: bandBytes)
        let parts = source.parts
        let rows = index * bandRows..<min((index + 1) * bandRows, parts.rows)
        rowsRead += rows.count
        try parts.read(rows: rows, as: source.form, into: UnsafeMutableRawPointer(bytes.baseAddress))
        return bytes
    }
}
