import Basics

/// Tensors in the safetensors format: eight bytes with the length of a header, the header as JSON, and the values of all
/// tensors, one behind the other. Nothing that the header says is believed: lengths and places are compared with the file's
/// own size before anything is allocated.
package struct SafetensorsFile {
    package struct Tensor {
        package let shape: [Int]
        let type: String
        /// In the file.
        let place: Range<Int>
    }

    /// The format's own limit.
    private static let largestHeader = 100 << 20

    package let path: String
    package let tensors: [String: Tensor]
    private let bytes: [UInt8]

    /// Whether bytes look like such a file.
    package static func isIn(_ bytes: [UInt8]) -> Bool {
        bytes.count > 8 && bytes[8] == UInt8(ascii: "{") && !bytes.starts(with: [0x89, 0x48, 0x44, 0x46])
    }

    /// `path` names the bytes in errors.
    package init(_ bytes: [UInt8], path: String) throws(FileError) {
        func error(_ problem: String) -> FileError {
            FileError(
                .content, file: path, "it is not a whole safetensors file: \(problem)",
                remedy: "write it anew with safetensors.torch.save_file")
        }
        let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard bytes.count >= 8, length <= UInt64(min(Self.largestHeader, bytes.count - 8)) else {
            throw error("its header would have \(length) bytes")
        }
        let start = 8 + Int(length)
        guard let header = try? JSONValue(parsing: String(decoding: bytes[8..<start], as: UTF8.self)),
            case .object(let entries) = header
        else { throw error("its header is not JSON") }
        var tensors: [String: Tensor] = [:]
        for (name, entry) in entries where name != "__metadata__" {
            guard let type = entry["dtype"]?.string, let shape = entry["shape"]?.counts,
                let place = entry["data_offsets"]?.counts, place.count == 2, place[0] <= place[1],
                place[1] <= bytes.count - start
            else { throw error("the tensor \(name) has no type, shape or place inside the file") }
            tensors[name] = Tensor(shape: shape, type: type, place: start + place[0]..<start + place[1])
        }
        // The format allows neither gaps nor tensors that share bytes.
        var end = start
        for (name, tensor) in tensors.sorted(by: {
            ($0.value.place.lowerBound, $0.value.place.upperBound) < (
                $1.value.place.lowerBound, $1.value.place.upperBound
            )
        }) {
            guard tensor.place.lowerBound == end else {
                throw error("the place of \(name) overlaps another, or leaves a gap")
            }
            end = tensor.place.upperBound
        }
        guard end == bytes.count else { throw error("it has \(bytes.count - end) bytes behind its last tensor") }
        (self.path, self.tensors, self.bytes) = (path, tensors, bytes)
    }

    /// The values of a tensor in single precision.
    package func values(_ name: String) throws(FileError) -> [Float] {
        guard let tensor = tensors[name] else {
            throw FileError(
                .content, file: path, "it has no tensor \(name)", remedy: "write it anew from a whole state_dict")
        }
        guard let type = ElementType(rawValue: tensor.type) else {
            throw FileError(
                .content, file: path, "the tensor \(name) has the type \(tensor.type)",
                remedy: "save it in single precision: model.float().state_dict()")
        }
        let width = type == .single ? 4 : 2
        var count = width
        for extent in tensor.shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            count = overflows ? -1 : product
            guard count >= 0 else { break }
        }
        guard count == tensor.place.count else {
            throw FileError(
                .content, file: path,
                "the tensor \(name) has \(tensor.place.count) bytes, which its shape \(tensor.shape) does not need",
                remedy: "write it anew with safetensors.torch.save_file")
        }
        return bytes.withUnsafeBytes { all in
            let raw = UnsafeRawBufferPointer(rebasing: all[tensor.place])
            return (0..<raw.count / width).map { type.value(in: raw, at: $0 * width) }
        }
    }

    /// Types of values that single precision holds exactly.
    private enum ElementType: String {
        case single = "F32"
        case half = "F16"
        case brain = "BF16"

        /// Stored little-endian.
        func value(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Float {
            func bits<Bits: FixedWidthInteger & BitwiseCopyable>(_ type: Bits.Type) -> Bits {
                Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
            }
            return switch self {
            case .single: Float(bitPattern: bits(UInt32.self))
            case .half: Float(Float16(bitPattern: bits(UInt16.self)))
            case .brain: Float(bitPattern: UInt32(bits(UInt16.self)) << 16)
            }
        }
    }
}

extension JSONValue {
    /// A list of numbers from 0 on.
    fileprivate var counts: [Int]? {
        guard case .array(let values) = self else { return nil }
        let counts = values.compactMap { value -> Int? in
            guard case .integer(let whole) = value, whole >= 0 else { return nil }
            return Int(exactly: whole)
        }
        return counts.count == values.count ? counts : nil
    }
}
