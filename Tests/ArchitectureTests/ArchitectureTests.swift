import Foundation
import Testing

/// The rooms of the program: docs/architecture.md lists them, a module imports only from above it in that list, and none
/// grows too large to be read.
@Suite struct ArchitectureTests {
    private static let project = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func everyFolderIsInTheList() throws {
        let listed = try Rooms(document: Self.architecture).names
        let sources = Self.project.appendingPathComponent("Sources").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: sources).sorted() == listed.sorted())
    }

    @Test func importsGoDownTheList() throws {
        let rooms = try Rooms(document: Self.architecture)
        for room in rooms.names {
            for file in try Self.files(of: room) where file.pathExtension == "swift" {
                let source = try String(contentsOf: file, encoding: .utf8)
                let upward = rooms.upwardImports(in: source, of: room)
                #expect(upward.isEmpty, "\(room)/\(file.lastPathComponent) imports \(upward.joined(separator: ", "))")
            }
        }
    }

    @Test func noFolderIsTooLarge() throws {
        for room in try Rooms(document: Self.architecture).names {
            let lines = try Self.files(of: room).reduce(0) { sum, file in
                sum + (try String(contentsOf: file, encoding: .utf8)).count { $0 == "\n" }
            }
            #expect(lines <= 4000, "Sources/\(room) has \(lines) lines: what in it is a room of its own?")
        }
    }

    /// Foundation brings ICU, 37 MB of tables of all languages, into a program whose libraries are linked statically;
    /// FoundationEssentials does not.
    @Test func noFileImportsFoundation() throws {
        for room in try Rooms(document: Self.architecture).names {
            for file in try Self.files(of: room) where file.pathExtension == "swift" {
                let source = try String(contentsOf: file, encoding: .utf8)
                let imports = source.split(separator: "\n").map { $0.split(separator: " ") }.filter { words in
                    !words.starts(with: ["//"]) && words.contains("import")
                        && words.contains { $0 == "Foundation" || $0.hasPrefix("Foundation.") }
                }
                #expect(imports.isEmpty, "\(room)/\(file.lastPathComponent): import FoundationEssentials")
            }
        }
    }

    /// What the tests above look with does see.
    @Test func upwardImportsAreSeen() throws {
        let rooms = Rooms(
            document: "| folder | content |\n|---|---|\n| `A`, `B` | low |\n| `C` | high |\n\n| `D` | another |")
        #expect(rooms.names == ["A", "B", "C"])
        #expect(rooms.upwardImports(in: "import Foundation\nimport A\n", of: "C").isEmpty)
        #expect(rooms.upwardImports(in: "import Foundation\n#if X\ninternal import C\n#endif\n", of: "A") == ["C"])
        #expect(rooms.upwardImports(in: "import struct C.Thing\n", of: "B") == ["C"])
        #expect(rooms.upwardImports(in: "@preconcurrency import A", of: "B") == ["A"])
        #expect(rooms.upwardImports(in: "// import C\nlet text = \"import C\"", of: "A").isEmpty)
    }

    private static var architecture: String {
        get throws {
            try String(contentsOf: project.appendingPathComponent("docs/architecture.md"), encoding: .utf8)
        }
    }

    private static func files(of room: String) throws -> [URL] {
        let folder = project.appendingPathComponent("Sources/\(room)")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return names.map(folder.appendingPathComponent).filter { !$0.hasDirectoryPath }
    }
}

/// The list of folders in docs/architecture.md, the lowest first.
private struct Rooms {
    let names: [String]
    /// The row of the table that a folder stands in; those of one row do not import each other.
    private let rows: [String: Int]

    /// Reads the table that begins with `| folder`.
    init(document: String) {
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.drop { !$0.hasPrefix("| folder") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        var names: [String] = []
        var rows: [String: Int] = [:]
        for (row, line) in table.enumerated() {
            let cell = line.split(separator: "|").first ?? ""
            for (index, part) in cell.split(separator: "`").enumerated() where index % 2 == 1 {
                names.append(String(part))
                rows[String(part)] = row
            }
        }
        self.names = names
        self.rows = rows
    }

    /// The modules that a file of `room` imports and that do not stand above it in the list.
    func upwardImports(in source: String, of room: String) -> [String] {
        let imported = source.split(separator: "\n").compactMap { line -> String? in
            let words = line.split { " .".contains($0) }
            guard let position = words.firstIndex(of: "import"),
                words[..<position].allSatisfy({ $0.hasPrefix("@") || Self.accessLevels.contains($0) })
            else { return nil }
            return words[(position + 1)...].first { !Self.kinds.contains($0) }.map(String.init)
        }
        return imported.filter { name in rows[name].map { $0 >= rows[room] ?? 0 } ?? false }
    }

    private static let accessLevels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
}
