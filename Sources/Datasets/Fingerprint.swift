import HDF5Storage
import Basics

/// A number that tells data files apart: from the shapes, types and chunking of the samples, all targets, weights that are used, and 1,024
/// fixed samples a split. Neither path nor time take part, so a copy has the same fingerprint. It guards against
/// mistakes, not against intent.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    public let value: UInt64

    /// 16 hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension DatasetFile {
    public func fingerprint() throws -> Fingerprint {
        var digest = Digest()
        for split in Split.allCases {
            guard let dataset = splits[split] else { continue }
            digest.add(split.rawValue)
            try dataset.add(to: &digest)
            for input in dataset.further {
                digest.add(input.name)
                try dataset.ofInput(input).addSamples(to: &digest)
            }
        }
        return Fingerprint(value: digest.value)
    }
}

/// Chains the finaliser of SplitMix64 over 64-bit words.
package struct Digest {
    package private(set) var value: UInt64 = 0

    package init() {}

    package mutating func add(_ word: Int) { value = CounterRandom.mix(value, UInt64(bitPattern: Int64(word))) }
    package mutating func add(_ text: String) { Array(text.utf8).withUnsafeBytes { add($0) } }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            value = CounterRandom.mix(value, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var last: UInt64 = 0
        for byte in bytes[offset...] { last = last << 8 | UInt64(byte) }
        value = CounterRandom.mix(value, last)
    }
}

extension SampleSet {
    /// Samples are taken in runs, so that few chunks of a compressed file need to be read.
    private static var runs: Int { 32 }
    private static var runLength: Int { 32 }

    fileprivate func add(to digest: inout Digest) throws {
        addForm(to: &digest)
        switch targets {
        case .labels(let labels): labels.withUnsafeBytes { digest.add($0) }
        case .targets(let targets, _): targets.withUnsafeBytes { digest.add($0) }
        case .none: break
        }
        weights?.withUnsafeBytes { digest.add($0) }
        try addRuns(to: &digest)
    }

    fileprivate func addSamples(to digest: inout Digest) throws {
        addForm(to: &digest)
        try addRuns(to: &digest)
    }

    /// What the samples are, and how they lie.
    private func addForm(to digest: inout Digest) {
        let parts = source.parts
        if parts.areEncoded {
            digest.add("encoded")
            digest.add(parts.rows)
            for row in 0..<parts.rows { digest.add(parts.length(of: row)) }
        } else {
            // How many rows each part file has does not matter.
            digest.add(parts.rows)
            source.dataset.shape.extents.dropFirst().forEach { digest.add($0) }
        }
        digest.add(source.dataset.elementType.description)
        digest.add(source.order?.rawValue ?? "")
        if case .list(let numbers) = rows { numbers.forEach { digest.add($0) } }
        // The order of samples depends on the chunks, so a file chunked otherwise is another one.
        if case .chunked(let rows) = source.access { digest.add(rows) }
    }

    /// Some of the samples themselves.
    private func addRuns(to digest: inout Digest) throws {
        let reader = try AscendingReader(source)
        for run in 0..<Self.runs {
            let start = run * count / Self.runs
            let range = rows[start]..<rows[start] + min(Self.runLength, count - start)
            let bytes = try reader.read(range)
            withExtendedLifetime(bytes) { digest.add(UnsafeRawBufferPointer(bytes.bytes)) }
        }
    }
}

/// Reads runs of rows, ascending, as they are stored. Of chunked data it keeps the band that it read last, so that a
/// compressed chunk is unpacked once.
private final class AscendingReader {
    private let source: SampleSource
    /// Rows of a band; nil where each run is read as it is.
    private let bandRows: Int?
    private var band: (index: Int, bytes: AlignedBuffer<UInt8>)?

    init(_ source: SampleSource) throws {
        self.source = source
        if case .chunked(let rows) = source.access { bandRows = rows } else { bandRows = nil }
        try source.dataset.requireMemory(
            bandRows.map { 2 * source.parts.largestBand(rows: $0) } ?? 0, for: "a chunk of its rows")
    }

    func read(_ rows: Range<Int>) throws -> AlignedBuffer<UInt8> {
        let parts = source.parts
        let length = parts.length(of: rows)
        try source.dataset.requireMemory(length, for: "a fingerprint of its samples")
        let output = AlignedBuffer<UInt8>(count: length)
        guard let bandRows else {
            try parts.read(rows: rows, as: source.form, into: UnsafeMutableRawPointer(output.baseAddress))
            return output
        }
        var (row, written) = (rows.lowerBound, 0)
        while row < rows.upperBound {
            let first = row / bandRows * bandRows
            let piece = row..<min(first + bandRows, rows.upperBound)
            let bytes = parts.length(of: piece)
            let band = try load(row / bandRows, bandRows)
            withExtendedLifetime(band) {
                (output.baseAddress + written).update(
                    from: band.baseAddress + parts.length(of: first..<row), count: bytes)
            }
            (row, written) = (piece.upperBound, written + bytes)
        }
        return output
    }

    private func load(_ index: Int, _ bandRows: Int) throws -> AlignedBuffer<UInt8> {
        if let band, band.index == index { return band.bytes }
        band = nil
        let rows = index * bandRows..<min((index + 1) * bandRows, source.parts.rows)
        let bytes = AlignedBuffer<UInt8>(count: source.parts.length(of: rows))
        try source.parts.read(rows: rows, as: source.form, into: UnsafeMutableRawPointer(bytes.baseAddress))
        band = (index, bytes)
        return bytes
    }
}
