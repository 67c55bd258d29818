import Basics
import Datasets
import HDF5Storage
import ImportFormats
import ImportSources
import Transforms

/// The encoded images of a data file as image files, in its order or shuffled once.
final class StoredImages: ImageFiles {
    private let samples: SampleSet
    private let labels: [Int32]
    /// As `data import` has stored them; empty where the file has no names.
    private let names: [String]
    private let order: Permutation?
    /// Rows that are read together: those of some chunks, or all where chunks would be read for single rows.
    private let bandRows: Int
    private var band: (index: Int, bytes: AlignedBuffer<UInt8>)?

    init(_ samples: SampleSet, seed: UInt64?) throws {
        guard samples.isEncoded, case .labels(let labels) = samples.targets else {
            throw DatasetError(
                file: samples.file, object: samples.source.dataset.path,
                "encoded images are packed anew with class numbers, and in no file with other samples")
        }
        self.samples = samples
        self.labels = labels
        names = try Self.names(samples)
        order = seed.map {
            Permutation(count: samples.count, random: CounterRandom(seed: $0, purpose: .shuffle, stream: 0))
        }
        if case .chunked(let rows) = samples.source.access {
            bandRows = seed == nil ? rows : samples.source.parts.rows
        } else {
            bandRows = 1
        }
        try samples.source.dataset.requireMemory(
            samples.source.parts.largestBand(rows: bandRows), for: "what must be read of it at once")
    }

    var count: Int { samples.count }

    private func number(_ index: Int) -> Int { order?[index] ?? index }
    private func row(_ index: Int) -> Int { samples.rows[number(index)] }

    func name(_ index: Int) -> String {
        let row = row(index)
        return names.isEmpty ? "\(samples.source.dataset.path) row \(row)" : names[row]
    }

    func label(_ index: Int) -> Int32 { labels[number(index)] }
    func size(_ index: Int) -> Int { samples.source.parts.length(of: row(index)) }

    func read(_ index: Int, into bytes: inout [UInt8]) throws(ImportError) -> String? {
        let (row, parts) = (row(index), samples.source.parts)
        let first = row / bandRows * bandRows
        do {
            let band = try band(row / bandRows)
            let begin = parts.length(of: first..<row)
            bytes = Array(band[begin..<begin + parts.length(of: row)])
        } catch {
            throw .unreadable(samples.file, reason: "\(error)")
        }
        return nil
    }

    private func band(_ index: Int) throws -> AlignedBuffer<UInt8> {
        if let band, band.index == index { return band.bytes }
        let parts = samples.source.parts
        let rows = index * bandRows..<min((index + 1) * bandRows, parts.rows)
        let bytes = AlignedBuffer<UInt8>(count: parts.length(of: rows))
        try parts.read(rows: rows, as: .bytes, into: UnsafeMutableRawPointer(bytes.baseAddress))
        band = (index, bytes)
        return bytes
    }

    private static func names(_ samples: SampleSet) throws -> [String] {
        var names: [String] = []
        for part in samples.source.parts.parts {
            let folder = part.path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
            let root = try HDF5File.open(part.file).root
            guard try root.kind(of: folder + "/files") == .dataset else { return [] }
            let files = try root.dataset(folder + "/files")
            guard files.shape == [part.rows.count], files.elementType == .string else { return [] }
            names += try files.readStrings()
        }
        return names
    }
}
