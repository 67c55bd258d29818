import HDF5Storage

/// What a file of others holds besides samples and targets. It may have a meaning that is not understood.
enum UnusedContent {
    /// Data sets and attributes that nobody looks at, by path. `used`: those that serve as samples or targets.
    static func of(_ file: HDF5File, used: [String]) throws -> [String] {
        // A person may leave out the first slash.
        let used = Set(used.map { $0.hasPrefix("/") ? $0 : "/" + $0 })
        let present = try file.root.linkedDatasets().entries
        let usedEntries = present.filter { used.contains($0.path) }
        let datasets = present.filter { entry in !usedEntries.contains { $0.isSame(as: entry) } }.map(\.path)
        var attributes = try file.root.attributes.names().filter { !isKnown($0) }.map { "/@\($0)" }
        for entry in usedEntries {
            attributes += try file.root.dataset(entry.path).attributes.names().filter { !isKnown($0) }.map {
                "\(entry.path)@\($0)"
            }
        }
        return datasets + attributes
    }

    private static let known: Set<String> = [
        "classes", "mean", "std", "format", "version", "split", "MATLAB_class", "MATLAB_int_decode", "H5PATH", "CLASS",
        "NAME", "TITLE", "VERSION", "FLAVOR", "PYTABLES_FORMAT_VERSION", "DIMENSION_LABELS", "DIMENSION_LIST",
        "REFERENCE_LIST", "_NCProperties", "_Netcdf4Dimid",
    ]

    private static func isKnown(_ attribute: String) -> Bool {
        known.contains(attribute) || attribute.hasPrefix("classes") && attribute.dropFirst(7).allSatisfy(\.isNumber)
    }
}
