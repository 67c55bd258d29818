/// The header of a npy file: `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`. No other Python is
/// understood.
struct PythonDictionary {
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
