import Basics

/// An array of a npy file, whose header was read and compared with the file's size.
package struct NumPyArray {
    package let type: NumPyType
    private let stored: StoredArray
    private let isFortranOrder: Bool

    /// The file begins with a magic number, the version, and the length of a Python dictionary in little-endian bytes, two in
    /// version 1, four in later ones (NumPy, "A simple file format for NumPy arrays").
    package init(_ file: String, _ input: ImportInput) throws(ImportError) {
        let stream = try input.open(file)
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        let begin = try stream.bytes(8)
        guard begin.prefix(6) == magic[...], (1...3).contains(begin[6]) else {
            throw .wrongMagic(stream.place, found: begin, expected: "93 4e 55 4d 50 59 (npy), version 1, 2 or 3")
        }
        let length = try stream.bytes(begin[6] == 1 ? 2 : 4).reversed().reduce(0) { $0 << 8 | Int($1) }
        // NumPy's own limit.
        guard length <= 10_000 else { throw .damaged(stream.place, reason: "its header has \(length) bytes") }
        var dictionary = PythonDictionary(try stream.bytes(length))
        guard let header = dictionary.header() else {
            throw .damaged(stream.place, reason: "its header is none of npy")
        }
        guard !header.type.hasPrefix("|O") else {
            throw .unreadable(
                stream.place,
                reason: "it holds Python objects (pickle), which could run any program; save x.astype('uint8')")
        }
        guard let type = NumPyType(header.type) else {
            throw .unreadable(
                stream.place, reason: "its elements are of type '\(header.type)'; save numbers, or words of type 'U'")
        }
        guard !header.shape.isEmpty else { throw .unreadable(stream.place, reason: "it is a single number") }
        self.type = type
        isFortranOrder = header.isFortranOrder && header.shape.count > 1
        stored = try StoredArray(header.shape, elementBytes: type.bytes, in: file, input, after: stream)
    }

    package var place: String { stored.place }
    package var extents: [Int] { stored.extents }
    package var count: Int { stored.count }
    /// Elements a row.
    package var width: Int { stored.rowBytes / type.bytes }
    /// Bytes of all elements.
    var byteCount: Int { stored.rowBytes * stored.count }

    /// Its rows, from the first on. An array in Fortran order, which has each row all over the file, is read whole.
    package func rows() throws(ImportError) -> NumPyRows {
        let stream = try stored.rows()
        guard isFortranOrder else { return NumPyRows(stream, rowBytes: stored.rowBytes) }
        try requireMemory(2 * byteCount)
        return NumPyRows(rowsOf: try stream.bytes(byteCount), extents, elementBytes: type.bytes, stream)
    }

    /// Refuses what this machine's memory does not hold.
    package func requireMemory(_ bytes: Int) throws(ImportError) {
        guard let available = HostMemory.availableBytes, bytes > available else { return }
        throw .unreadable(
            place, reason: "it takes \(Figures.bytes(bytes)) of memory, and \(Figures.bytes(available)) are left")
    }
}

/// The rows of an array, one after the other, as their bytes in C order.
package final class NumPyRows {
    private let stream: ByteStream
    private let rowBytes: Int
    /// In C order, of an array in Fortran order.
    private var all: [UInt8] = []
    private var next = 0

    init(_ stream: ByteStream, rowBytes: Int) { (self.stream, self.rowBytes) = (stream, rowBytes) }

    /// `bytes` has the first axis fastest.
    init(rowsOf bytes: [UInt8], _ extents: [Int], elementBytes: Int, _ stream: ByteStream) {
        self.stream = stream
        let rows = extents[0]
        rowBytes = bytes.count / rows
        all.reserveCapacity(bytes.count)
        // The place of an element within its row, with the last axis fastest, and in the file.
        let axes = extents.dropFirst()
        var steps = [rows]
        for extent in axes.dropLast() { steps.append((steps.last ?? 1) * extent) }
        let places = (0..<rowBytes / elementBytes).map { place in
            var (rest, offset) = (place, 0)
            for (extent, step) in zip(axes, steps).reversed() {
                offset += rest % extent * step
                rest /= extent
            }
            return offset
        }
        for row in 0..<rows {
            for place in places {
                let begin = (row + place) * elementBytes
                all += bytes[begin..<begin + elementBytes]
            }
        }
    }

    package func read(into row: inout [UInt8]) throws(ImportError) {
        guard !all.isEmpty else { return try stream.read(rowBytes, into: &row) }
        row.removeAll(keepingCapacity: true)
        row += all[next..<next + rowBytes]
        next += rowBytes
    }

    package func requireEnd() throws(ImportError) { try stream.requireEnd() }
}

/// What an element of an array is: "<i8" says byte order, kind and bytes.
package struct NumPyType {
    package enum Kind { case unsigned, signed, float, truth, unicode, text }

    package let kind: Kind
    /// Of an element.
    package let bytes: Int
    private let isBigEndian: Bool

    /// Nil for records, complex numbers, dates and other things.
    init?(_ name: String) {
        guard let order = name.first, "<>|=".contains(order), let letter = name.dropFirst().first,
            let size = Int(name.dropFirst(2)), (1...1 << 20).contains(size)
        else { return nil }
        let kinds: [Character: (Kind, sizes: [Int])] = [
            "u": (.unsigned, [1, 2, 4, 8]), "i": (.signed, [1, 2, 4, 8]), "f": (.float, [2, 4, 8]), "b": (.truth, [1]),
        ]
        switch letter {
        case "U": (kind, bytes) = (.unicode, 4 * size)
        case "S": (kind, bytes) = (.text, size)
        default:
            guard let (kind, sizes) = kinds[letter], sizes.contains(size), size == 1 || order != "|" else { return nil }
            (self.kind, bytes) = (kind, size)
        }
        isBigEndian = order == ">"
    }

    package var isNumeric: Bool { kind != .unicode && kind != .text }
    /// Whether its elements are bytes that count from 0 to 255, or truth values.
    package var isByte: Bool { kind == .truth || (kind == .unsigned && bytes == 1) }

    /// The bits of a number, or of a character of a word.
    private func bits(_ row: [UInt8], at begin: Int, bytes: Int) -> UInt64 {
        var bits: UInt64 = 0
        for i in 0..<bytes {
            bits |= UInt64(row[begin + i]) << (8 * UInt64(isBigEndian ? bytes - 1 - i : i))
        }
        return bits
    }

    /// An element as an integer; nil for a float, and for what is no `Int`.
    package func integer(_ row: [UInt8], _ index: Int) -> Int? {
        let bits = bits(row, at: index * bytes, bytes: bytes)
        switch kind {
        case .unsigned, .truth: return Int(exactly: bits)
        case .signed:
            let unused = 64 - 8 * bytes
            return Int(Int64(bitPattern: bits << UInt64(unused)) >> Int64(unused))
        case .float, .unicode, .text: return nil
        }
    }

    /// An element as a number.
    package func number(_ row: [UInt8], _ index: Int) -> Double {
        let bits = bits(row, at: index * bytes, bytes: bytes)
        switch (kind, bytes) {
        case (.float, 2): return Self.half(UInt16(truncatingIfNeeded: bits))
        case (.float, 4): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case (.float, _): return Double(bitPattern: bits)
        case (.signed, _): return Double(integer(row, index) ?? 0)
        default: return Double(bits)
        }
    }

    /// A word, without the zeros that fill it up.
    package func word(_ row: [UInt8], _ index: Int) -> String {
        guard kind == .unicode else {
            return String(decoding: row[index * bytes..<(index + 1) * bytes].prefix { $0 != 0 }, as: UTF8.self)
        }
        var text = String.UnicodeScalarView()
        for place in stride(from: index * bytes, to: (index + 1) * bytes, by: 4) {
            let code = UInt32(truncatingIfNeeded: bits(row, at: place, bytes: 4))
            guard code != 0 else { break }
            text.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(text)
    }

    /// 1 sign, 5 exponent and 10 fraction bits. (`Float16` is not there on all platforms.)
    private static func half(_ bits: UInt16) -> Double {
        let fraction = Double(bits & 0x3FF)
        let magnitude: Double =
            switch Int(bits >> 10 & 0x1F) {
            case 0: fraction / 16_777_216
            case 31: fraction == 0 ? .infinity : .nan
            case let exponent: Double(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
            }
        return bits >> 15 == 1 ? -magnitude : magnitude
    }
}
