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
        }
        return Fingerprint(value: digest.value)
    }
}

/// Chains the finaliser of SplitMix64 over 64-bit words.
struct Digest {
    private(set) var value: UInt64 = 0

    mutating func add(_ word: Int) { value = CounterRandom.mix(value, UInt64(bitPattern: Int64(word))) }
    mutating func add(_ text: String) { Array(text.utf8).withUnsafeBytes { add($0) } }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
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
        source.dataset.shape.extents.forEach { digest.add($0) }
        digest.add(source.dataset.elementType.description)
        digest.add(source.order?.rawValue ?? "")
        // The order of samples depends on the chunks, so a file chunked otherwise is another one.
        if case .chunked(let rows) = source.access { digest.add(rows) }
        switch targets {
        case .labels(let labels): labels.withUnsafeBytes { digest.add($0) }
        case .targets(let targets, _): targets.withUnsafeBytes { digest.add($0) }
        case .none: break
        }
        weights?.withUnsafeBytes { digest.add($0) }
        let most = min(Self.runLength, count) * source.sampleBytes
        try source.dataset.requireMemory(most, for: "a fingerprint of its samples of \(sample)")
        for run in 0..<Self.runs {
            let start = run * count / Self.runs
            let range = rows[start]..<rows[start] + min(Self.runLength, count - start)
            switch source.form {
            case .bytes: try source.dataset.read(rows: range, as: UInt8.self).withUnsafeBytes { digest.add($0) }
            case .floats: try source.dataset.read(rows: range, as: Float.self).withUnsafeBytes { digest.add($0) }
            }
        }
    }
}
