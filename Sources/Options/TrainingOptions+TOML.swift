import Basics
import TOMLKit

/// Configuration files: `--config FILE.toml` reads one, `--print-config` and `config.toml` are one.
extension TrainingOptions {
    /// Sets the options that a file sets, leaves the others, and returns the names of those it set. Options stand in
    /// the table of their group or at the top.
    @discardableResult
    public mutating func apply(toml text: String, file: String) throws -> Set<String> {
        let source = TOMLSource(file: file, lines: try ParsableTOML.lines(of: text, file: file))
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw OptionError(
                "config", "\(file) is not TOML: line \(error.source.begin.line): \(error.description)")
        }
        var names: Set<String> = []
        func note(_ name: String, _ place: String) throws(OptionError) {
            guard names.insert(name).inserted else {
                throw OptionError(name, "is given twice, once in \(place)")
            }
        }
        for (key, value) in table {
            if let group = value.table {
                try apply(group: group, name: key, source)
                for name in group.keys { try note(name, source.place(name, in: key)) }
            } else {
                try apply(key, value, source.place(key))
                try note(key, source.place(key))
            }
        }
        return names
    }

    private mutating func apply(group: TOMLTable, name: String, _ source: TOMLSource) throws {
        let groups = OptionDeclaration.Group.allCases.map(\.rawValue)
        guard groups.contains(name) else {
            throw OptionError(
                "config",
                "\(source.place(name)): there is no group [\(name)]\(suggestion(for: name, among: groups)); "
                    + "the groups are \(groups.joined(separator: ", "))")
        }
        for (key, value) in group {
            let place = source.place(key, in: name)
            if let home = Self.table.first(where: { $0.name == key })?.group.rawValue, home != name {
                throw OptionError("config", "\(place): \(key) belongs in [\(home)], not in [\(name)]")
            }
            try apply(key, value, place)
        }
    }

    private mutating func apply(_ key: String, _ value: any TOMLValueConvertible, _ place: String) throws {
        let text: String
        switch value.type {
        case .string: text = value.string ?? ""
        case .int: text = value.int.map(String.init) ?? ""
        case .double: text = value.double.map { "\($0)" } ?? ""
        case .bool: text = value.bool.map { "\($0)" } ?? ""
        default: throw OptionError(key, "needs text, a number, true or false, not \(value.type) (in \(place))")
        }
        do {
            try set(key, to: text)
        } catch let error as OptionError {
            throw OptionError(error.option, "\(error.problem) (in \(place))")
        }
    }

    /// The options as a file that reads back as the same options, each with a comment that says what it is.
    public var toml: String {
        let groups = OptionDeclaration.Group.allCases.map { group in
            let lines = Self.table.filter { $0.group == group }.map { declaration in
                let value = declaration.get(self).map { declaration.isQuoted ? Self.quoted($0) : $0 }
                let setting = value.map { "\(declaration.name) = \($0)" } ?? "# \(declaration.name) = (not set)"
                return "# \(declaration.help)\n\(setting)\n"
            }
            return "[\(group.rawValue)]\n" + lines.joined()
        }
        return groups.joined(separator: "\n")
    }

    /// A TOML basic string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Where the options of a file stand in it.
private struct TOMLSource {
    let file: String
    let lines: [String: Int]

    /// `run.toml, line 3`, or the file alone where the line is not known.
    func place(_ key: String, in group: String? = nil) -> String {
        let line = lines[group.map { "\($0).\(key)" } ?? key] ?? group.flatMap { lines[$0] }
        return line.map { "\(file), line \($0)" } ?? file
    }
}
