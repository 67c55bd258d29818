import CHDF5

/// The data sets below a group, found along links of all kinds: hard, soft, external and user-defined ones.
public struct LinkedDatasets: Sendable {
    public struct Entry: Sendable {
        /// The absolute path, links included.
        public let path: String
        private let identity: ObjectIdentity

        fileprivate init(_ path: String, _ identity: ObjectIdentity) { (self.path, self.identity) = (path, identity) }

        /// Whether both names are of one data set.
        public func isSame(as other: Entry) -> Bool { identity == other.identity }
    }

    /// In ascending byte order of the paths; a data set with several names is there with each of them.
    public private(set) var entries: [Entry] = []
    /// Links that lead nowhere: their path, and what they name.
    public private(set) var deadLinks: [(path: String, target: String)] = []

    /// Names may lead in circles, and files may be made to have any depth; libhdf5's own walk recurses until the stack
    /// ends. What lies deeper, or behind so many names, is found only by its path.
    public static let mostLevels = 8
    private static let mostNames = 100_000

    init(below group: Group, levels: Int) throws(HDF5Error) {
        var level = [group]
        var names = 0
        for _ in 0..<levels {
            var next: [Group] = []
            for group in level {
                for name in try group.children() {
                    names += 1
                    guard names <= Self.mostNames else { break }
                    if let child = try add(name, in: group) { next.append(child) }
                }
            }
            level = next
        }
        entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// A group to go on in, or nil.
    private mutating func add(_ name: String, in group: Group) throws(HDF5Error) -> Group? {
        let path = group.location.absolutePath(name)
        guard let object = try group.object(at: name) else {
            if let target = group.linkTarget(name) { deadLinks.append((path, target)) }
            return nil
        }
        switch object.type {
        case H5O_TYPE_DATASET: entries.append(Entry(path, ObjectIdentity(object)))
        case H5O_TYPE_GROUP: return try group.group(name)
        default: break
        }
        return nil
    }
}

extension Group {
    /// All data sets below, in this group and in groups down to a number of levels.
    public func linkedDatasets(levels: Int = LinkedDatasets.mostLevels) throws(HDF5Error) -> LinkedDatasets {
        try LinkedDatasets(below: self, levels: levels)
    }

    /// What a link of this group names, as it is written: a path, or a file and a path in it. Nil for hard links.
    package func linkTarget(_ name: String) -> String? {
        var info = chdf5_link_info()
        guard location.quietly({ chdf5_get_link_info(location.id, name, &info) }) >= 0 else { return nil }
        if info.type == H5L_TYPE_HARD { return nil }
        guard [H5L_TYPE_SOFT, H5L_TYPE_EXTERNAL].contains(info.type) else {
            return "something that only links of class \(info.type.rawValue) can find"
        }
        var value = [CChar](repeating: 0, count: info.u.val_size + 1)
        guard location.quietly({ H5Lget_val(location.id, name, &value, info.u.val_size, hid_t(H5P_DEFAULT)) }) >= 0
        else {
            return nil
        }
        if info.type == H5L_TYPE_SOFT { return text(value[...]) }
        // A byte of flags, then two texts that each end with a zero.
        let texts = value.dropFirst().split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        return texts.count > 1 ? "\(text(texts[0])): \(text(texts[1]))" : text(value.dropFirst())
    }

    private func text(_ characters: ArraySlice<CChar>) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The root of the file that an object was opened through.
    static func root(of location: Location) throws(HDF5Error) -> Group {
        let handle = try location.open("open the root group", at: "/", close: H5Gclose) {
            H5Gopen2(location.fileHandle.id, "/", hid_t(H5P_DEFAULT))
        }
        return Group(Location(file: location.file, path: "/", handle: handle, fileHandle: location.fileHandle))
    }
}
