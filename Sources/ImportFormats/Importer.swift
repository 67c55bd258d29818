import ImportSources

/// A format of others that `data import` reads.
///
/// A format is a conforming type in this folder and a line in `ImporterList.known`. The command's help, `--format`, flags and
/// errors follow from what the type declares.
package protocol Importer: Sendable {
    /// As summaries and errors call it, and in `--format`, where its hyphens may be left out: "cifar-10".
    var name: String { get }
    /// What the format's files are called and where they may lie, for help and errors, in one line.
    var summary: String { get }
    /// What can be chosen in this format and in no other. Importers that declare the same name share the option.
    var options: [ImporterOption] { get }
    /// Whether the format says so little of its files that it is only looked for where no other is found.
    var isGeneral: Bool { get }

    /// Whether the input holds this format, told by the names in it, or by the first bytes of a file.
    func recognizes(_ input: ImportInput) throws(ImportError) -> Bool

    /// Reads headers and class names, and checks them. Samples are left to the splits.
    func open(_ input: ImportInput, _ options: FormatOptions) throws(ImportError) -> ImportedDataset
}

extension Importer {
    package var options: [ImporterOption] { [] }
    package var isGeneral: Bool { false }
}

/// Which format an input is read as, and what was chosen in it.
package struct FormatOptions: Sendable {
    /// Nil: told from what the input holds.
    package var importer: (any Importer)?
    /// The options of importers that were given, by name; a switch has the value "".
    package var values: [String: String] = [:]

    package init() {}

    func isGiven(_ option: ImporterOption) -> Bool { values[option.name] != nil }
}

/// An option of one format, or of a few: a flag of `data import`.
package struct ImporterOption: Sendable {
    /// Without the hyphens before it.
    package let name: String
    package let help: String
    /// What stands for its value in help; nil for a switch.
    package let value: String?

    init(_ name: String, value: String? = nil, help: String) {
        (self.name, self.value, self.help) = (name, value, help)
    }
}
