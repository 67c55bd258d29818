import Basics
import ImportSources

/// The formats that `data import` knows.
package enum ImporterList {
    /// All there are. A new one is a file in this folder and a line here.
    package static let known: [any Importer] = [
        IdxImporter(),
        CIFARImporter.cifar10,
        CIFARImporter.cifar100,
        NumPyImporter(),
        ImageFolderImporter(),
    ]

    /// The options of all formats.
    package static var options: [ImporterOption] {
        known.flatMap(\.options).reduce(into: []) { all, option in
            if !all.contains(where: { $0.name == option.name }) { all.append(option) }
        }
    }

    /// The names of the formats that have an option.
    private static func formats(with option: String) -> [String] {
        known.filter { $0.options.contains { $0.name == option } }.map(\.name)
    }

    /// Finds out what lies at `paths`: folders, archives or files. No sample is read.
    package static func open(
        _ paths: [String], _ options: FormatOptions = FormatOptions()
    ) throws(ImportError) -> (any Importer, ImportedDataset) {
        let input = try ImportInput(paths)
        let importer = if let chosen = options.importer { chosen } else { try importer(of: input) }
        let own = Set(importer.options.map(\.name))
        if let foreign = options.values.keys.sorted().first(where: { !own.contains($0) }) {
            throw .foreignOption(foreign, of: formats(with: foreign), format: importer.name)
        }
        return (importer, try importer.open(input, options))
    }

    /// What an import looks for, for errors.
    private static var expectations: String { known.map { "\($0.summary) (\($0.name))" }.joined(separator: "; ") }

    /// The one format that the input holds.
    private static func importer(of input: ImportInput) throws(ImportError) -> any Importer {
        var fitting: [any Importer] = []
        for isGeneral in [false, true] where fitting.isEmpty {
            for importer in known where importer.isGeneral == isGeneral {
                if try importer.recognizes(input) { fitting.append(importer) }
            }
        }
        guard let importer = fitting.first else {
            throw .unknownContent(input.path, found: input.names, expected: expectations)
        }
        guard fitting.count == 1 else {
            throw .ambiguous(input.path, candidates: fitting.map(\.name), remedy: "say which with --format")
        }
        return importer
    }
}
