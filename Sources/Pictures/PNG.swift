import CZlib

/// The file format of pictures (ISO/IEC 15948): a signature, then chunks of length, type, data and check sum. Read are grey
/// and colour with 8 bits a value, not interlaced; the same is written.
public enum PNG {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Bytes that a picture may have: more is no picture but an attack on memory.
    private static let mostBytes = 1 << 30

    // MARK: Writing

    public static func encode(_ picture: Picture) -> [UInt8] {
        var header = bigEndian(picture.width) + bigEndian(picture.height)
        header += [8, ColorType(channels: picture.channels).rawValue, 0, 0, 0]
        let row = picture.width * picture.channels
        var lines: [UInt8] = []
        lines.reserveCapacity((row + 1) * picture.height)
        // Drawings, and tiles that were enlarged, repeat themselves: predictions would hide that from zlib.
        for y in 0..<picture.height {
            lines.append(Filter.none.rawValue)
            lines += picture.bytes[y * row..<(y + 1) * row]
        }
        return signature + chunk("IHDR", header) + chunk("IDAT", deflated(lines)) + chunk("IEND", [])
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return bigEndian(data.count) + body + bigEndian(checksum(body))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> Int { Int(crc32(0, bytes, UInt32(bytes.count))) }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(UInt(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { output, count in
            let code = compress2(output.baseAddress, &size, bytes, UInt(bytes.count), Z_BEST_COMPRESSION)
            precondition(code == Z_OK, "zlib's own bound is enough")
            count = Int(size)
        }
    }

    // MARK: Reading

    /// `name` is what errors call the file.
    public static func decode(_ bytes: [UInt8], name: String) throws(PictureError) -> Picture {
        guard bytes.starts(with: signature) else { throw PictureError("\(name): it is no PNG file") }
        var chunks = ChunkReader(bytes: bytes, position: signature.count, name: name)
        guard let header = try chunks.next(), header.type == "IHDR", header.data.count == 13 else {
            throw PictureError("\(name): its header is missing")
        }
        let (width, height, channels) = try size(Array(header.data), name: name)
        var compressed: [UInt8] = []
        while let chunk = try chunks.next(), chunk.type != "IEND" {
            if chunk.type == "IDAT" { compressed += chunk.data }
        }
        let row = width * channels
        var lines = try inflated(compressed, size: (row + 1) * height, name: name)
        var picture = Picture(width: width, height: height, channels: channels, fill: 0)
        try lines.withUnsafeMutableBufferPointer { lines throws(PictureError) in
            for y in 0..<height {
                guard let filter = Filter(rawValue: lines[y * (row + 1)]) else {
                    throw PictureError("\(name): line \(y) has an unknown filter")
                }
                for x in 0..<row {
                    let place = y * row + x
                    let left = x < channels ? 0 : picture.bytes[place - channels]
                    let above = y == 0 ? 0 : picture.bytes[place - row]
                    let corner = x < channels || y == 0 ? 0 : picture.bytes[place - row - channels]
                    let predicted = filter.prediction(left: left, above: above, corner: corner)
                    picture.bytes[place] = lines[y * (row + 1) + 1 + x] &+ predicted
                }
            }
        }
        return picture
    }

    private static func size(
        _ header: [UInt8], name: String
    ) throws(PictureError) -> (width: Int, height: Int, channels: Int) {
        let (width, height) = (number(header[0..<4]), number(header[4..<8]))
        guard let type = ColorType(rawValue: header[9]), header[8] == 8, header[12] == 0 else {
            throw PictureError(
                "\(name): only grey and RGB pictures of 8 bits, without transparency, palette or interlacing, are read; "
                    + "convert it, as with `magick \(name) -alpha off -depth 8 PNG24:rgb.png`")
        }
        guard width > 0, height > 0, width <= mostBytes / height / 4 else {
            throw PictureError("\(name): a picture of \(width)x\(height) is too large, or empty")
        }
        return (width, height, type.channels)
    }

    private static func inflated(_ bytes: [UInt8], size: Int, name: String) throws(PictureError) -> [UInt8] {
        var got = UInt(size)
        var code = Z_OK
        let lines = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            code = uncompress(output.baseAddress, &got, bytes, UInt(bytes.count))
            count = code == Z_OK ? Int(got) : 0
        }
        guard code == Z_OK, lines.count == size else { throw PictureError("\(name): its pixels are damaged") }
        return lines
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private struct ChunkReader {
        let bytes: [UInt8]
        var position: Int
        let name: String

        /// Nil at the end of the file.
        mutating func next() throws(PictureError) -> (type: String, data: ArraySlice<UInt8>)? {
            guard position < bytes.count else { return nil }
            guard position + 12 <= bytes.count else { throw PictureError("\(name): it was cut off") }
            let length = number(bytes[position..<position + 4])
            let end = position + 8 + length
            guard end + 4 <= bytes.count else { throw PictureError("\(name): it was cut off") }
            let body = Array(bytes[position + 4..<end])
            guard checksum(body) == number(bytes[end..<end + 4]) else {
                throw PictureError("\(name): a check sum is wrong: it is damaged")
            }
            defer { position = end + 4 }
            return (String(decoding: body.prefix(4), as: UTF8.self), bytes[position + 8..<end])
        }
    }
}

extension PNG {
    private enum ColorType: UInt8 {
        case grey = 0
        case rgb = 2

        init(channels: Int) { self = channels == 1 ? .grey : .rgb }

        var channels: Int { self == .grey ? 1 : 3 }
    }

    /// How a line's bytes were predicted from those before.
    private enum Filter: UInt8 {
        case none, left, up, average, paeth

        func prediction(left: UInt8, above: UInt8, corner: UInt8) -> UInt8 {
            switch self {
            case .none: return 0
            case .left: return left
            case .up: return above
            case .average: return UInt8((Int(left) + Int(above)) / 2)
            case .paeth:
                let guess = Int(left) + Int(above) - Int(corner)
                let (a, b, c) = (abs(guess - Int(left)), abs(guess - Int(above)), abs(guess - Int(corner)))
                return a <= b && a <= c ? left : b <= c ? above : corner
            }
        }
    }
}
