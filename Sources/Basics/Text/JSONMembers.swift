extension JSONValue {
    /// A member that an object of a JSON text has twice. Readers differ in which of the two counts. Nil if there is none; of text that
    /// is no JSON anything may come.
    package static func repeatedMember(of text: String) -> String? {
        var scanner = MemberScanner(bytes: Array(text.utf8))
        return scanner.repeated()
    }
}

/// Walks through a JSON text and collects the names of each object that is open.
private struct MemberScanner {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func repeated() -> String? {
        // Of an array, nil.
        var open: [Set<String>?] = []
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "{"): open.append([])
            case UInt8(ascii: "["): open.append(nil)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
            case UInt8(ascii: "\""):
                let text = string()
                if isBeforeColon, let last = open.indices.last, open[last]?.insert(text).inserted == false {
                    return text
                }
            default: break
            }
            place += 1
        }
        return nil
    }

    /// The string that begins here. Then its last quotation mark is here.
    private mutating func string() -> String {
        let start = place
        var hasEscape = false
        place += 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] == UInt8(ascii: "\\") {
                hasEscape = true
                place += 1
            }
            place += 1
        }
        let end = min(place, bytes.count)
        let content = String(decoding: bytes[start + 1..<max(end, start + 1)], as: UTF8.self)
        guard hasEscape else { return content }
        return (try? JSONValue(parsing: "\"\(content)\""))?.string ?? content
    }

    private var isBeforeColon: Bool {
        let next = bytes[min(place + 1, bytes.count)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return next == UInt8(ascii: ":")
    }
}
