import ImportSources

/// NumPy arrays under the names that Keras gives MNIST and CIFAR: `x_train`, uint8 [N, H, W] or [N, H, W, C], `y_train`,
/// integers [N] or [N, 1], and the same with `test`, which may be missing. They are files `x_train.npy`, ..., in a folder or in
/// an archive; `numpy.savez` makes such an archive.
struct NumPyImporter: Importer {
    let name = "numpy"
    let summary = "x_train.npy, y_train.npy, x_test.npy and y_test.npy, in a folder, an archive or a .npz file"

    func recognizes(_ input: ImportInput) -> Bool { input.contains("x_train.npy") }

    func open(_ input: ImportInput, _ options: ImportOptions) throws(ImportError) -> ImportedDataset {
        var splits = [(name: "train", arrays: try arrays("train", input))]
        if ["x_test.npy", "y_test.npy"].contains(where: input.contains) {
            splits.append(("test", try arrays("test", input)))
        }
        return ImportedDataset(
            classes: ImportedDataset.numberedClasses(splits.map(\.arrays.labelCount).max() ?? 0),
            splits: splits.map { $0.arrays.split(named: $0.name) })
    }

    private func arrays(_ split: String, _ input: ImportInput) throws(ImportError) -> LabelledArrays {
        try LabelledArrays(images: images("x_\(split).npy", input), labels: labels("y_\(split).npy", input))
    }

    private func images(_ file: String, _ input: ImportInput) throws(ImportError) -> StoredArray {
        let array = try array(file, input)
        guard array.element.bytes == 1, !array.element.isSigned else {
            throw .unreadable(array.place, reason: "images of integers other than uint8; save x.astype('uint8')")
        }
        guard (3...4).contains(array.extents.count) else {
            throw .unreadable(
                array.place, reason: "its shape is \(array.extents); images are [N, H, W] or [N, H, W, C]")
        }
        return array
    }

    private func labels(_ file: String, _ input: ImportInput) throws(ImportError) -> StoredArray {
        let array = try array(file, input)
        guard array.extents.count == 1 || array.extents.dropFirst() == [1] else {
            throw .unreadable(
                array.place, reason: "its shape is \(array.extents); labels are [N] or [N, 1]; save y.argmax(-1)")
        }
        return array
    }

    /// The file begins with a magic number, the version, and the length of a Python dictionary in little-endian bytes, two in
    /// version 1, four in later ones (NumPy, "A simple file format for NumPy arrays").
    private func array(_ file: String, _ input: ImportInput) throws(ImportError) -> StoredArray {
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
        guard let element = try element(header.type, stream.place) else {
            throw .unreadable(
                stream.place,
                reason: "its elements are of type '\(header.type)'; save uint8 images, 0...255, and integer labels")
        }
        guard !header.isFortranOrder else {
            throw .unreadable(stream.place, reason: "it is in Fortran order; save numpy.ascontiguousarray(x)")
        }
        return try StoredArray(header.shape, of: element, in: file, input, after: stream)
    }

    /// Of a type such as "<i8": byte order, kind, bytes. Nil if it is no integer.
    private func element(_ type: String, _ place: String) throws(ImportError) -> StoredArray.Element? {
        if type.hasPrefix("|O") {
            throw .unreadable(
                place, reason: "it holds Python objects (pickle), which could run any program; save x.astype('uint8')")
        }
        guard let kind = type.dropFirst().first, "iu".contains(kind), let bytes = Int(type.dropFirst(2)),
            [1, 2, 4, 8].contains(bytes)
        else { return nil }
        if type.hasPrefix(">") {
            throw .unreadable(place, reason: "it is big-endian ('\(type)'); save x.astype('<\(kind)\(bytes)')")
        }
        guard type.hasPrefix("<") || (bytes == 1 && type.hasPrefix("|")) else { return nil }
        return StoredArray.Element(bytes: bytes, isSigned: kind == "i")
    }
}

/// The header of a npy file: `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`. No other Python is
/// understood.
private struct PythonDictionary {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    /// Nil if the text is anything else than these three keys with values of their kinds.
    mutating func header() -> (type: String, isFortranOrder: Bool, shape: [Int])? {
        var type: String?
        var isFortranOrder: Bool?
        var shape: [Int]?
        guard take("{") else { return nil }
        while !take("}") {
            guard let key = string(), take(":") else { return nil }
            switch key {
            case "descr" where type == nil: type = string() ?? list()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = boolean()
            case "shape" where shape == nil: shape = tuple()
            default: return nil
            }
            guard take(",") || rest.first == UInt8(ascii: "}") else { return nil }
        }
        guard rest.allSatisfy(Self.isSpace), let type, let isFortranOrder, let shape else { return nil }
        return (type, isFortranOrder, shape)
    }

    /// Whether a token comes next; it is then behind.
    private mutating func take(_ token: String) -> Bool {
        rest = rest.drop(while: Self.isSpace)
        guard rest.starts(with: token.utf8) else { return false }
        rest = rest.dropFirst(token.utf8.count)
        rest = rest.drop(while: Self.isSpace)
        return true
    }

    private mutating func string() -> String? {
        guard take("'") else { return nil }
        let text = rest.prefix { $0 != UInt8(ascii: "'") }
        rest = rest.dropFirst(text.count)
        return take("'") ? String(decoding: text, as: UTF8.self) : nil
    }

    /// The type of an array of records, which is not taken apart.
    private mutating func list() -> String? {
        guard rest.first == UInt8(ascii: "["), let end = rest.lastIndex(of: UInt8(ascii: "]")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[...end], as: UTF8.self)
    }

    private mutating func boolean() -> Bool? { take("True") ? true : take("False") ? false : nil }

    /// `()`, `(5,)`, `(5, 3)`
    private mutating func tuple() -> [Int]? {
        guard take("(") else { return nil }
        var values: [Int] = []
        while !take(")") {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest = rest.dropFirst(digits.count)
            values.append(value)
            guard take(",") || rest.first == UInt8(ascii: ")") else { return nil }
        }
        return values
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x0a].contains(byte) }
}
