import CHDF5
import Basics

/// What has a place in a file and may carry attributes: a group or a data set.
public protocol StoredObject: Sendable {
    var location: Location { get }
}

extension StoredObject {
    public var attributes: Attributes { Attributes(of: location) }
    /// The object's absolute path in the file.
    public var path: String { location.path }
}

/// A group: names for groups and data sets below it. All names may be paths ("train/images").
public struct Group: StoredObject {
    public let location: Location

    init(_ location: Location) { self.location = location }

    public enum Kind: Sendable, Equatable { case group, dataset, other }

    /// The names directly below, in ascending byte order, whatever the order of writing.
    public func children() throws(HDF5Error) -> [String] {
        try location.names("list the group") { names in
            chdf5_iterate_links(location.id, { _, name, _, names in collect(name, into: names) }, names)
        }
    }

    /// What lies at `name`; nil where there is nothing or a link that leads nowhere.
    public func kind(of name: String) throws(HDF5Error) -> Kind? {
        // H5Lexists fails unless everything but the last component exists.
        var partial = name.hasPrefix("/") ? "/" : ""
        let components = name.split(separator: "/")
        var object = try components.isEmpty ? object(at: name) : nil
        for component in components {
            partial += partial.isEmpty || partial == "/" ? component : "/" + component
            let found = try location.check("look up", at: name) { H5Lexists(location.id, partial, hid_t(H5P_DEFAULT)) }
            guard found > 0 else { return nil }
            object = try self.object(at: partial)
            if object == nil { return nil }
        }
        switch object?.type {
        case nil: return nil
        case H5O_TYPE_GROUP: return .group
        case H5O_TYPE_DATASET: return .dataset
        default: return .other
        }
    }

    /// What a link leads to; nil for a link to elsewhere that leads nowhere. What no such link names lies in this file: it is
    /// there, or cannot be read.
    func object(at name: String) throws(HDF5Error) -> chdf5_object_info? {
        var info = chdf5_object_info()
        func look() -> herr_t { chdf5_get_object_info_by_name(location.id, name, &info) }
        if location.quietly(look) < 0 {
            guard linkTarget(name) == nil else { return nil }
            try location.check("look up", at: name, look)
        }
        return info
    }

    public func exists(_ name: String) throws(HDF5Error) -> Bool { try kind(of: name) != nil }

    /// Opens a group below this one.
    public func group(_ name: String) throws(HDF5Error) -> Group {
        try require(.group, "open the group", name)
        let path = location.absolutePath(name)
        let handle = try location.open("open the group", at: path, close: H5Gclose) {
            H5Gopen2(location.id, name, hid_t(H5P_DEFAULT))
        }
        return Group(Location(file: location.file, path: path, handle: handle, fileHandle: location.fileHandle))
    }

    /// Opens a data set below this group.
    public func dataset(_ name: String) throws(HDF5Error) -> Dataset {
        try require(.dataset, "open the data set", name)
        let path = location.absolutePath(name)
        let handle = try location.open("open the data set", at: path, close: H5Dclose) {
            H5Dopen2(location.id, name, hid_t(H5P_DEFAULT))
        }
        return try Dataset(
            Location(file: location.file, path: path, handle: handle, fileHandle: location.fileHandle))
    }

    /// The integer in a data set that has exactly one, which must lie in `range`.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(HDF5Error) -> Int {
        let dataset = try dataset(name)
        let value = try Int(dataset.read([], as: Int64.self)[0])
        guard range.contains(value) else {
            throw location.error(
                "read the data set", "\(value) is not from \(range.lowerBound) to \(range.upperBound)", at: dataset.path
            )
        }
        return value
    }

    /// Creates a group, and those above it that do not exist yet; one that exists is opened.
    @discardableResult
    public func createGroup(_ name: String) throws(HDF5Error) -> Group {
        var group = self
        for component in name.split(separator: "/").map(String.init) {
            group = try group.kind(of: component) == nil ? group.createChild(component) : group.group(component)
        }
        return group
    }

    private func createChild(_ name: String) throws(HDF5Error) -> Group {
        let path = location.absolutePath(name)
        let creation = propertyList(chdf5_group_create())
        H5Pset_obj_track_times(creation.id, false)
        let handle = try location.open("create the group", at: path, close: H5Gclose) {
            H5Gcreate2(location.id, name, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT))
        }
        return Group(Location(file: location.file, path: path, handle: handle, fileHandle: location.fileHandle))
    }

    /// The first link on the way to `name` that leads nowhere.
    private func deadLink(on name: String) throws(HDF5Error) -> (link: String, target: String)? {
        var link = name.hasPrefix("/") ? "/" : ""
        for component in name.split(separator: "/") {
            link += link.isEmpty || link == "/" ? component : "/" + component
            guard try kind(of: link) == nil else { continue }
            return linkTarget(link).map { (link, $0) }
        }
        return nil
    }

    private func require(_ kind: Kind, _ operation: String, _ name: String) throws(HDF5Error) {
        let found = try self.kind(of: name)
        guard found != kind else { return }
        let path = location.absolutePath(name)
        if found != nil {
            throw location.error(
                operation, kind == .group ? "it is no group" : "it is no data set", at: path)
        }
        if let dead = try deadLink(on: name) {
            throw location.error(
                operation, "\(location.absolutePath(dead.link)) is a link to \(dead.target), which cannot be opened",
                at: path,
                remedy: "put what it names where it is expected")
        }
        let names = try children()
        throw location.error(
            operation, "there is no such object", at: path,
            remedy: names.isEmpty
                ? "\(location.path) is empty" : "\(location.path) holds \(names.listed(atMost: 50))")
    }
}
