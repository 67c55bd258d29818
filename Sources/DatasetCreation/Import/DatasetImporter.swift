import ImportFormats
import MessagePassing

public struct ImportOptions: Sendable {
    package var format = FormatOptions()
    public var images = ImageOptions()
    public var output = DatasetWriter.Options()

    public init() {}
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
        let (importer, dataset) = try ImporterList.open(paths, options.format)
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
}
