public struct ImportOptions: Sendable {
    /// Nil: told from what the path holds.
    package var importer: (any Importer)?
    /// For formats that have coarse labels.
    public var labels = CIFARLabels.fine
    public var output = DatasetWriter.Options()

    public init() {}
}

/// Turns data sets in the formats of others into HDF5 files of the native schema.
public enum DatasetImporter {
    /// Imports the data set at `path`, a folder, an archive or a file, into the new file `output`. `progress` gets the part that
    /// is done, 0...1, from time to time.
    /// - Throws: `ImportError` for the input and an output that exists, `HDF5Error` for the writing.
    @discardableResult
    public static func importDataset(
        from path: String, into output: String, options: ImportOptions = ImportOptions(),
        progress: (Double) -> Void = { _ in }
    ) throws -> ImportSummary {
        try DatasetWriter.refuseExisting(output, options.output)
        let (importer, dataset) = try open(path, options)
        return try DatasetWriter.write(
            dataset, to: output, source: importer.name, options: options.output, progress: progress)
    }

    /// Finds out what lies at `path`. No sample is read.
    package static func open(
        _ path: String, _ options: ImportOptions = ImportOptions()
    ) throws(ImportError) -> (any Importer, ImportedDataset) {
        let input = try ImportInput(path)
        let importer = if let chosen = options.importer { chosen } else { try ImporterList.importer(of: input) }
        if options.labels == .coarse && !importer.hasCoarseLabels { throw .noCoarseLabels(importer.name) }
        return (importer, try importer.open(input, options))
    }
}
