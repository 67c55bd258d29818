import CHDF5
import Basics

/// How a new data set is to lie in the file.
public enum DatasetLayout: Sendable {
    case contiguous
    /// Chunks of this shape; `gzip` 1 (fast) to 9 (small) compresses them, nil does not.
    case chunked(Shape, gzip: Int? = nil)
}

extension Group {
    /// Creates a data set, and the groups above it that do not exist yet.
    @discardableResult
    public func createDataset<Element: StorageElement>(
        _ name: String, shape: Shape, of type: Element.Type, layout: DatasetLayout = .contiguous
    ) throws(HDF5Error) -> Dataset {
        let components = name.split(separator: "/").map(String.init)
        let parent = try createGroup(components.dropLast().joined(separator: "/"))
        return try parent.createChild(components.last ?? "", shape, Element.typeID, layout)
    }

    /// Creates a contiguous data set and writes all of it.
    @discardableResult
    public func write<Element: StorageElement>(
        _ name: String, shape: Shape, _ values: [Element], layout: DatasetLayout = .contiguous
    ) throws(HDF5Error) -> Dataset {
        let dataset = try createDataset(name, shape: shape, of: Element.self, layout: layout)
        try dataset.write(values)
        return dataset
    }

    /// Writes a list of strings, all with room for the longest one: UTF-8, filled up with zeros. `h5py` reads bytes.
    package func write(_ name: String, strings: [String]) throws(HDF5Error) {
        let width = max(1, strings.lazy.map(\.utf8.count).max() ?? 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(strings.count * width)
        for string in strings {
            bytes += string.utf8
            bytes += repeatElement(0, count: width - string.utf8.count)
        }
        let type = try location.open("write the strings", at: location.absolutePath(name), close: H5Tclose) {
            H5Tcopy(chdf5_string())
        }
        H5Tset_size(type.id, width)
        H5Tset_strpad(type.id, H5T_STR_NULLPAD)
        H5Tset_cset(type.id, H5T_CSET_UTF8)
        let components = name.split(separator: "/").map(String.init)
        let parent = try createGroup(components.dropLast().joined(separator: "/"))
        let dataset = try parent.createChild(components.last ?? "", [strings.count], type.id, .contiguous)
        guard !bytes.isEmpty else { return }
        try dataset.location.check("write the strings") {
            H5Dwrite(
                dataset.location.id, type.id, chdf5_whole_extent(), chdf5_whole_extent(), hid_t(H5P_DEFAULT), bytes)
        }
    }

    /// Takes away a name, and what lies there if it has no other.
    package func remove(_ name: String) throws(HDF5Error) {
        try location.check("remove the object", at: location.absolutePath(name)) {
            H5Ldelete(location.id, name, hid_t(H5P_DEFAULT))
        }
    }

    private func createChild(
        _ name: String, _ shape: Shape, _ type: hid_t, _ layout: DatasetLayout
    ) throws(HDF5Error) -> Dataset {
        let operation = "create the data set"
        let path = location.absolutePath(name)
        let extents = shape.extents.map { hsize_t($0) }
        let space = try location.open(operation, at: path, close: H5Sclose) {
            extents.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(extents.count), extents, nil)
        }
        let creation = propertyList(chdf5_dataset_create())
        H5Pset_obj_track_times(creation.id, false)
        if case .chunked(let chunk, let gzip) = layout {
            precondition(chunk.rank == shape.rank, "a chunk has as many axes as its data set")
            try location.check(operation, at: path) {
                H5Pset_chunk(creation.id, Int32(chunk.rank), chunk.extents.map { hsize_t($0) })
            }
            if let gzip {
                try location.check(operation, at: path) { H5Pset_deflate(creation.id, UInt32(gzip)) }
            }
        }
        let handle = try location.open(operation, at: path, close: H5Dclose) {
            H5Dcreate2(
                location.id, name, type, space.id, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT))
        }
        return try Dataset(
            Location(file: location.file, path: path, handle: handle, fileHandle: location.fileHandle))
    }
}
