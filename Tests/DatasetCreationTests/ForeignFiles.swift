import CZlib

/// An idx file of unsigned bytes.
func idx(_ extents: [Int], _ values: [UInt8]) -> [UInt8] {
    let words = extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(extent >> $0 & 255) } }
    return [0, 0, 8, UInt8(extents.count)] + words + values
}

/// `bytes` as a gzip file.
func gzip(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, windowBits: 15 + 16) }

/// 16 more than the window's bits asks for gzip's header and trailer, a negative number for neither header nor trailer.
private func deflated(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
        &stream, Z_BEST_SPEED, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    return [UInt8](unsafeUninitializedCapacity: Int(deflateBound(&stream, UInt(bytes.count)))) { output, count in
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            deflate(&stream, Z_FINISH)
        }
        count = Int(stream.total_out)
    }
}

/// A zip archive. `method` is how entries say that they are compressed: 0 for not at all, 8 for deflated.
func zip(_ files: [(name: String, bytes: [UInt8])], method: Int = 8) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for file in files {
        let content = method == 8 ? deflated(file.bytes, windowBits: -15) : file.bytes
        let checksum = Int(crc32(0, file.bytes, UInt32(file.bytes.count)))
        // Version, flags, method, time, check sum, sizes, lengths of the name and of extra fields.
        let common =
            littleEndian([20, 0, method], 2) + littleEndian([0, checksum, content.count, file.bytes.count], 4)
            + littleEndian([file.name.utf8.count, 0], 2)
        // Comment, disk, attributes, where the entry begins.
        directory += Array("PK\u{1}\u{2}".utf8) + littleEndian([20], 2) + common + littleEndian([0, 0, 0], 2)
        directory += littleEndian([0, archive.count], 4) + file.name.utf8
        archive += Array("PK\u{3}\u{4}".utf8) + common + file.name.utf8 + content
    }
    let end = littleEndian([0, 0, files.count, files.count], 2) + littleEndian([directory.count, archive.count], 4)
    return archive + directory + Array("PK\u{5}\u{6}".utf8) + end + [0, 0]
}

private func littleEndian(_ numbers: [Int], _ bytes: Int) -> [UInt8] {
    numbers.flatMap { number in (0..<bytes).map { UInt8(number >> (8 * $0) & 255) } }
}

/// A npy file of version 1 with any header.
func npy(header: String, _ values: [UInt8]) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian([header.utf8.count], 2) + Array(header.utf8) + values
}

/// A npy file as `numpy.save` writes it.
func npy(_ type: String, _ shape: [Int], _ values: [UInt8], isFortranOrder: Bool = false) -> [UInt8] {
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    let order = isFortranOrder ? "True" : "False"
    return npy(header: "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(extents)), }\n", values)
}

/// A ustar archive. Names over 100 bytes get an `L` entry before them, as GNU tar writes it.
func tar(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    let entries = files.flatMap { file in
        (file.name.utf8.count > 100 ? tarEntry("././@LongLink", kind: "L", Array(file.name.utf8) + [0]) : [])
            + tarEntry(file.name, kind: "0", file.bytes)
    }
    return entries + [UInt8](repeating: 0, count: 1024)
}

/// `size` is what the header says of the size, if not the truth: octal digits, or any other bytes.
func tarEntry(_ name: String, kind: Character, _ bytes: [UInt8], size: [UInt8]? = nil) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
        header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }
    put(String(name.prefix(100)), at: 0)
    put(octal(bytes.count, digits: 11), at: 124)
    if let size { header.replaceSubrange(124..<124 + size.count, with: size) }
    put(String(repeating: " ", count: 8) + String(kind), at: 148)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
    header[154] = 0
    return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}

/// A value for one channel at (y, x) of image `index`, unlike its neighbours'.
func cifarPixel(_ index: Int, _ y: Int, _ x: Int, _ channel: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: index * 31 + y * 7 + x * 3 + channel * 100)
}

/// A CIFAR record: labels, then three planes.
func cifarRecord(_ labels: [UInt8], index: Int) -> [UInt8] {
    var record = labels
    for channel in 0..<3 {
        for y in 0..<32 { for x in 0..<32 { record.append(cifarPixel(index, y, x, channel)) } }
    }
    return record
}
