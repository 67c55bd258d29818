import Basics
import FileFormats

/// A file of events as TensorBoard reads it: records, each an `Event` of `tensorflow/core/util/event.proto`.
final class EventFile {
    private let path: String
    private let descriptor: Int32
    private let files = POSIXFileSystem()
    private let clock: () -> Double

    /// `clock` gives seconds since 1970.
    init(creatingAt path: String, clock: @escaping () -> Double) throws {
        self.path = path
        self.clock = clock
        do {
            descriptor = try files.openToAppend(path)
        } catch {
            throw RunLogError(path: path, operation: "open", reason: error)
        }
        try append(step: 0) { $0.add(3, "brain.Event:2") }
    }

    deinit { try? files.close(descriptor, path) }

    /// Values of a step of the run, by name.
    func add(_ scalars: [(tag: String, value: Double)], step: Int) throws {
        var summary = ProtobufMessage()
        for scalar in scalars {
            var value = ProtobufMessage()
            value.add(1, scalar.tag)
            value.add(2, Float(scalar.value))
            summary.add(1, value)
        }
        try append(step: step) { $0.add(5, summary) }
    }

    /// Events of later steps, in this file and in earlier ones, are of a run that did not go on from them: TensorBoard drops
    /// them.
    func restart(after step: Int) throws {
        var session = ProtobufMessage()
        session.add(1, 1)
        try append(step: step + 1) { $0.add(7, session) }
    }

    /// Brings all events onto the disk.
    func synchronize() throws {
        do {
            try files.synchronize(descriptor, path)
        } catch {
            throw RunLogError(path: path, operation: "write", reason: error)
        }
    }

    func append(step: Int, _ content: (inout ProtobufMessage) -> Void) throws {
        var event = ProtobufMessage()
        event.add(1, clock())
        if step != 0 { event.add(2, step) }
        content(&event)
        do {
            try files.write(Self.record(event.bytes), to: descriptor, path)
        } catch {
            throw RunLogError(path: path, operation: "write", reason: error)
        }
    }

    /// Length, its checksum, content, its checksum, in little-endian order (TFRecord).
    static func record(_ content: [UInt8]) -> [UInt8] {
        let length = bytes(UInt64(content.count))
        return length + bytes(CRC32C.masked(length)) + content + bytes(CRC32C.masked(content))
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// The checksum of TFRecord: CRC-32 with Castagnoli's polynomial.
private enum CRC32C {
    private static let polynomial: UInt32 = 0x82F6_3B78

    private static let table: [UInt32] = (0..<256).map { (byte: UInt32) -> UInt32 in
        var sum = byte
        for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? polynomial : 0) }
        return sum
    }

    /// Rotated and shifted by a constant, so that a checksum of checksums stays one.
    static func masked(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes { sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ (sum >> 8) }
        sum = ~sum
        return ((sum >> 15) | (sum << 17)) &+ 0xA282_EAD8
    }
}
