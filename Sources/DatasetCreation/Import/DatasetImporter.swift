import ImportSources
import MessagePassing

public struct ImportOptions: Sendable {
    /// Nil: told from what the path holds.
    package var importer: (any Importer)?
    /// The options of importers that were given, by name; a switch has the value "".
    package var values: [String: String] = [:]
    public var images = ImageOptions()
    public var output = DatasetWriter.Options()

    public init() {}

    package func isGiven(_ option: String) -> Bool { values[option] != nil }
}

/// How far an import has come.
public struct ImportProgress: Sendable {
    /// Samples that are written, or left out.
    public let done: Int
    public let total: Int

    public var fraction: Double { Double(done) / Double(max(1, total)) }
}

/// Turns data sets in the formats of others into HDF5 files of the native schema.
public enum DatasetImporter {
    /// Imports the data set at `paths`, folders, archives or files, into the new file `output`. `progress` is told from time
    /// to time how far it has come. With `world`, all ranks call this and share the decoding of images; rank 0 alone writes, and its
    /// summary is the one that counts.
    /// - Throws: `ImportError` for the input and an output that exists, `HDF5Error` for the writing.
    @discardableResult
    public static func importDataset(
        from paths: [String], into output: String, options: ImportOptions = ImportOptions(),
        world: Communicator? = nil, progress: (ImportProgress) -> Void = { _ in }
    ) throws -> ImportSummary {
        if options.images.parts == nil { try DatasetWriter.refuseExisting(output, options.output) }
        let (importer, dataset) = try open(paths, options)
        let team = ImportTeam(world)
        guard dataset.images.isEmpty else {
            return try ImageSetWriter(dataset, output, options, team, source: importer.name).write(progress: progress)
        }
        try options.images.requireUnused(by: importer.name)
        var summary = ImportSummary(dataset, source: importer.name, output: output)
        try team.whileWriterWorks { beat in
            summary = try DatasetWriter.write(
                dataset, to: output, source: importer.name, options: options.output
            ) {
                progress($0)
                try beat()
            }
        }
        return summary
    }

    @discardableResult
    public static func importDataset(
        from path: String, into output: String, options: ImportOptions = ImportOptions(),
        progress: (ImportProgress) -> Void = { _ in }
    ) throws -> ImportSummary {
        try importDataset(from: [path], into: output, options: options, progress: progress)
    }

    /// Finds out what lies at `paths`. No sample is read.
    package static func open(
        _ paths: [String], _ options: ImportOptions = ImportOptions()
    ) throws(ImportError) -> (any Importer, ImportedDataset) {
        let input = try ImportInput(paths)
        let importer = if let chosen = options.importer { chosen } else { try ImporterList.importer(of: input) }
        let own = Set(importer.options.map(\.name))
        if let foreign = options.values.keys.sorted().first(where: { !own.contains($0) }) {
            throw .foreignOption(foreign, of: ImporterList.formats(with: foreign), format: importer.name)
        }
        return (importer, try importer.open(input, options))
    }

    package static func open(
        _ path: String, _ options: ImportOptions = ImportOptions()
    ) throws(ImportError) -> (any Importer, ImportedDataset) {
        try open([path], options)
    }
}
