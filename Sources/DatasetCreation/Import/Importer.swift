/// A format of others that `data import` reads.
///
/// A format is a conforming type in `Formats/` and a line in `ImporterList.known`. The command's help, `--format` and errors
/// follow from what the type declares.
package protocol Importer: Sendable {
    /// As summaries and errors call it, and in `--format`, where its hyphens may be left out: "cifar-10".
    var name: String { get }
    /// What the format's files are called and where they may lie, for help and errors, in one line.
    var summary: String { get }
    /// Whether `--coarse` chooses between two kinds of labels.
    var hasCoarseLabels: Bool { get }

    /// Whether the input holds this format, told by the names in it, or by the first bytes of a single file.
    func recognizes(_ input: ImportInput) throws(ImportError) -> Bool

    /// Reads headers and class names, and checks them. Samples are left to the splits' streams.
    func open(_ input: ImportInput, _ options: ImportOptions) throws(ImportError) -> ImportedDataset
}

extension Importer {
    package var hasCoarseLabels: Bool { false }
}
