/// Walks through bytes, and throws where they end.
struct ByteReader {
    enum Order { case big, little }

    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var left: Int { bytes.count - position }

    mutating func number(_ size: Int, _ order: Order = .big) throws(ImageError) -> Int {
        let field = try next(size).bytes
        return order == .big ? field.reduce(0) { $0 << 8 | Int($1) } : field.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// A reader for the next bytes alone.
    mutating func next(_ count: Int) throws(ImageError) -> ByteReader {
        guard count >= 0, count <= left else { throw .truncated }
        defer { position += count }
        return ByteReader(UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
    }

    mutating func skip(_ count: Int) throws(ImageError) { _ = try next(count) }

    func starts(with text: StaticString) -> Bool {
        bytes.dropFirst(position).starts(
            with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension Orientation {
    /// Reads EXIF data, which begin with the header of a TIFF file. Data that make no sense leave the image upright.
    init(exif data: ByteReader) {
        self = (try? Self.tag(data)).flatMap { Orientation(rawValue: $0) } ?? .upright
    }

    private static func tag(_ data: ByteReader) throws(ImageError) -> Int {
        var reader = data
        if reader.starts(with: "Exif\0\0") {
            reader = ByteReader(UnsafeRawBufferPointer(rebasing: data.bytes.dropFirst(6)))
        }
        let start = reader
        let order: ByteReader.Order = reader.starts(with: "II") ? .little : .big
        try reader.skip(2)
        guard try reader.number(2, order) == 42 else { return 1 }
        let directory = try reader.number(4, order)
        reader = start
        try reader.skip(directory)
        for _ in 0..<(try reader.number(2, order)) {
            var entry = try reader.next(12)
            let (tag, type) = (try entry.number(2, order), try entry.number(2, order))
            try entry.skip(4)
            // A number of 16 bits is at the front of its four bytes in either order.
            if tag == 0x0112, type == 3 { return try entry.number(2, order) }
        }
        return 1
    }
}
