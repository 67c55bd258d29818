import HDF5Storage

/// The formats of others that can be turned into a data set file.
public enum ImportFormat: String, CaseIterable, Sendable {
    /// MNIST and what follows its example.
    case idx
    case cifar10 = "cifar-10"
    case cifar100 = "cifar-100"

    static let expectations =
        "train-images-idx3-ubyte[.gz] and its labels (idx), data_batch_1.bin (cifar-10, binary version) and train.bin "
        + "(cifar-100, binary version), in a folder or, for CIFAR, a .tar.gz file"
}

public struct ImportOptions: Sendable {
    /// Nil: told from what the path holds.
    public var format: ImportFormat?
    /// For CIFAR-100 only.
    public var labels = CIFARLabels.fine
    public var output = DatasetWriter.Options()

    public init() {}
}

/// Turns data sets in the formats of others into HDF5 files of the native schema.
public enum DatasetImporter {
    /// Imports the data set at `path`, a folder, one of a set's idx files, or a .tar(.gz) archive, into the new file
    /// `output`. `progress` gets the part that is done, 0...1, from time to time.
    /// - Throws: `ImportError` for the input and an output that exists, `HDF5Error` for the writing.
    @discardableResult
    public static func importDataset(
        from path: String, into output: String, options: ImportOptions = ImportOptions(),
        progress: (Double) -> Void = { _ in }
    ) throws -> ImportSummary {
        try DatasetWriter.refuseExisting(output, options.output)
        let (format, collection) = try open(path, options)
        return try DatasetWriter.write(
            collection, to: output, source: format.rawValue, options: options.output, progress: progress)
    }

    private static func open(
        _ path: String, _ options: ImportOptions
    ) throws(ImportError) -> (ImportFormat, ImageCollection) {
        let isFolder = try FileCollection.isFolder(path)
        if !isFolder, options.format ?? .idx == .idx, IdxFolder.isIdxName(FileCollection.lastComponent(path)) {
            try refuseCoarse(.idx, options)
            let folder = FileCollection.folder(of: path)
            let names = try FileCollection(folder: folder).names
            let set = IdxFolder(folder, names: names, chosenBy: FileCollection.lastComponent(path))
            return (.idx, try set.collection())
        }
        let files = isFolder ? try FileCollection(folder: path) : try archive(path)
        let format = if let chosen = options.format { chosen } else { try detect(files) }
        try refuseCoarse(format, options)
        switch format {
        case .idx:
            guard isFolder else {
                throw .unreadable(path, reason: "idx files are taken from a folder; unpack it first")
            }
            return (format, try IdxFolder(path, names: files.names).collection())
        case .cifar10: return (format, try cifar(.cifar10, files))
        case .cifar100: return (format, try cifar(.cifar100(options.labels), files))
        }
    }

    private static func archive(_ path: String) throws(ImportError) -> FileCollection {
        guard try TarArchive.begins(ByteStream(path)) else {
            throw .unknownContent(path, found: ["another kind of file"])
        }
        return try FileCollection(archive: path)
    }

    /// The folder that CIFAR's archive unpacks to may be meant by the one that holds it.
    private static func cifar(_ version: CIFARVersion, _ files: FileCollection) throws(ImportError) -> ImageCollection {
        if !version.matches(files), files.contains(version.subfolder) {
            return try version.collection(FileCollection(folder: files.path + "/" + version.subfolder))
        }
        return try version.collection(files)
    }

    private static func detect(_ files: FileCollection) throws(ImportError) -> ImportFormat {
        var formats: [ImportFormat] = []
        if files.names.contains(where: IdxFolder.isIdxName) { formats.append(.idx) }
        for version in [CIFARVersion.cifar10, .cifar100(.fine)]
        where version.matches(files) || files.contains(version.subfolder) {
            formats.append(version.format)
        }
        guard let format = formats.first else { throw .unknownContent(files.path, found: files.names) }
        guard formats.count == 1 else {
            throw .ambiguous(files.path, candidates: formats.map(\.rawValue), remedy: "say which with --format")
        }
        return format
    }

    private static func refuseCoarse(_ format: ImportFormat, _ options: ImportOptions) throws(ImportError) {
        if options.labels == .coarse && format != .cifar100 { throw .noCoarseLabels(format) }
    }
}
