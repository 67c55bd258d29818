import CHDF5
import Basics

#if canImport(Glibc)
import Glibc
#endif

/// Virtual data sets, which are put together from others, in the same file or in others.
extension Dataset {
    /// A virtual data set may read others of its kind, this deep.
    private static var mostReaders: Int { 8 }

    /// Throws unless every source is there and whole, and the sources cover all elements.
    func requireSources(_ list: hid_t, _ visits: VirtualVisits) throws(HDF5Error) {
        let identity = try ObjectIdentity(of: location)
        if visits.whole.contains(identity) { return }
        guard !visits.readers.contains(identity), visits.readers.count < Self.mostReaders else {
            throw location.error(
                Self.operation, "it is a virtual data set that reads itself, or too many others in turn")
        }
        visits.readers.append(identity)
        defer { visits.readers.removeLast() }
        var count = 0
        try location.check(Self.operation) { H5Pget_virtual_count(list, &count) }
        let covered = try location.open(Self.operation, close: H5Sclose) { H5Dget_space(location.id) }
        try location.check(Self.operation) { H5Sselect_none(covered.id) }
        var found = SourceFiles()
        for index in 0..<count {
            let source = try source(list, index)
            try source.add(to: covered.id, of: self)
            let dataset = try found.dataset(source, for: self)
            guard try source.fits(dataset) else {
                throw location.error(
                    Self.operation,
                    "it reads \(source.place), which has the shape \(dataset.shape) and lacks some of it",
                    remedy: "create \(source.file) again")
            }
            // Nothing would say that such a file has become shorter while it is read through this one.
            guard !dataset.isExternal else {
                throw location.error(
                    Self.operation, "it reads \(source.place), whose bytes lie in files that are no HDF5 files",
                    remedy: "copy that into a data set of its own with h5repack -l CONTI")
            }
            try dataset.requireStored(allowExternal: false, visits)
        }
        try requireCovered(covered.id)
        visits.whole.insert(identity)
    }

    private func requireCovered(_ covered: hid_t) throws(HDF5Error) {
        let count = try location.check(Self.operation) { H5Sget_select_npoints(covered) }
        guard count < Int64(shape.count) else { return }
        throw location.error(
            Self.operation,
            "no source covers \(Int64(shape.count) - count) of its \(shape.count) elements"
                + firstUncovered(covered), remedy: Self.remedy)
    }

    /// The first row that a source does not cover, or only in part.
    private func firstUncovered(_ covered: hid_t) -> String {
        guard let wanted = Int64(exactly: rowCount), shape.rank > 0 else { return "" }
        // The rows before `low` are covered, and not all up to `high` are.
        var (low, high) = (0, rows)
        while low + 1 < high {
            let middle = low + (high - low) / 2
            if pointsCovered(covered, rows: low..<middle) == Int64(middle - low) * wanted {
                low = middle
            } else {
                high = middle
            }
        }
        return ", the first in row \(low)"
    }

    private func pointsCovered(_ covered: hid_t, rows range: Range<Int>) -> Int64 {
        let space = Handle(quietly { H5Scopy(covered) }, close: H5Sclose)
        let start = [hsize_t(range.lowerBound)] + [hsize_t](repeating: 0, count: shape.rank - 1)
        let extents = [hsize_t(range.count)] + shape.extents.dropFirst().map { hsize_t($0) }
        guard quietly({ H5Sselect_hyperslab(space.id, H5S_SELECT_AND, start, nil, extents, nil) }) >= 0 else {
            return -1
        }
        return quietly { H5Sget_select_npoints(space.id) }
    }

    private func source(_ list: hid_t, _ index: Int) throws(HDF5Error) -> VirtualSource {
        guard let file = storedText({ H5Pget_virtual_filename(list, index, $0, $1) }),
            let dataset = storedText({ H5Pget_virtual_dsetname(list, index, $0, $1) })
        else { throw location.error(Self.operation, errorStackText()) }
        return VirtualSource(
            file: file, dataset: dataset,
            target: try location.open(Self.operation, close: H5Sclose) { H5Pget_virtual_vspace(list, index) },
            origin: try location.open(Self.operation, close: H5Sclose) { H5Pget_virtual_srcspace(list, index) })
    }
}

/// One piece of a virtual data set.
private struct VirtualSource {
    /// `.` for the data set's own file.
    let file: String
    let dataset: String
    /// Which elements of the virtual data set it gives, and which of the source's these are.
    let target: Handle
    let origin: Handle

    var place: String { file == "." ? dataset : "\(file): \(dataset)" }

    /// Adds the elements it gives to a selection of elements.
    func add(to covered: hid_t, of reader: Dataset) throws(HDF5Error) {
        if H5Sget_select_type(target.id) == H5S_SEL_ALL {
            try reader.location.check(Dataset.operation) { H5Sselect_all(covered) }
            return
        }
        let rank = reader.shape.rank
        let zeros = [hsize_t](repeating: 0, count: rank)
        var (start, stride, count, block) = (zeros, zeros, zeros, zeros)
        let isRegular =
            H5Sget_select_type(target.id) == H5S_SEL_HYPERSLABS && H5Sis_regular_hyperslab(target.id) > 0
            && Int(H5Sget_simple_extent_ndims(target.id)) == rank
            && quietly { H5Sget_regular_hyperslab(target.id, &start, &stride, &count, &block) } >= 0
        // Which sources an open-ended piece has is decided while it is read, and a missing one ends it.
        guard isRegular, !(count + block).contains(.max), !file.contains("%"), !dataset.contains("%") else {
            throw reader.location.error(
                Dataset.operation,
                "what it reads of \(place) is not told in advance, so nobody can say what is missing",
                remedy: "copy it into a data set of its own with h5repack -l CONTI")
        }
        try reader.location.check(Dataset.operation) {
            H5Sselect_hyperslab(covered, H5S_SELECT_OR, start, stride, count, block)
        }
    }

    /// Whether a data set has all elements that it is read for.
    func fits(_ dataset: Dataset) throws(HDF5Error) -> Bool {
        if H5Sget_select_type(origin.id) == H5S_SEL_ALL {
            let wanted = H5Sget_select_npoints(target.id)
            return wanted <= Int64(dataset.shape.count)
        }
        let rank = dataset.shape.rank
        guard Int(H5Sget_simple_extent_ndims(origin.id)) == rank else { return false }
        var (first, last) = ([hsize_t](repeating: 0, count: rank), [hsize_t](repeating: 0, count: rank))
        guard quietly({ H5Sget_select_bounds(origin.id, &first, &last) }) >= 0 else { return false }
        return zip(last, dataset.shape.extents).allSatisfy { $0 < UInt64($1) }
    }
}

/// The way through virtual data sets that read others. A file can have each of many name each of many, level after level,
/// so each is looked at once.
final class VirtualVisits {
    /// Those that read the one at hand, outermost first.
    var readers: [ObjectIdentity] = []
    /// Those whose sources are all there.
    var whole: Set<ObjectIdentity> = []
}

/// The files of sources, each opened once.
private struct SourceFiles {
    private var opened: [String: HDF5File] = [:]

    mutating func dataset(_ source: VirtualSource, for reader: Dataset) throws(HDF5Error) -> Dataset {
        let root: Group
        if source.file == "." && reader.file == reader.location.file {
            root = try Group.root(of: reader.location)
        } else {
            root = try file(source.file == "." ? reader.file : try path(source, for: reader)).root
        }
        do {
            return try root.dataset(source.dataset)
        } catch {
            throw reader.location.error(Dataset.operation, "it reads \(source.place), which cannot be opened: \(error)")
        }
    }

    private mutating func file(_ path: String) throws(HDF5Error) -> HDF5File {
        if let file = opened[path] { return file }
        let file = try HDF5File.open(path)
        opened[path] = file
        return file
    }

    /// The file that HDF5 takes (`H5F_prefix_open_file`): as it is named, if that is from the root; in the folders of
    /// HDF5_VDS_PREFIX; beside the file that reads it; in the current folder.
    private func path(_ source: VirtualSource, for reader: Dataset) throws(HDF5Error) -> String {
        let isAbsolute = source.file.hasPrefix("/")
        let name = isAbsolute ? source.file.split(separator: "/").last.map(String.init) ?? "" : source.file
        let prefixes =
            getenv("HDF5_VDS_PREFIX").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
        let folder = reader.file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let beside = reader.file.contains("/") ? "\(folder)/\(name)" : name
        let candidates = (isAbsolute ? [source.file] : []) + prefixes.map { "\($0)/\(name)" } + [beside, name]
        if let found = candidates.first(where: { access($0, R_OK) == 0 }) { return found }
        throw reader.location.error(
            Dataset.operation, "it reads \(source.place), but there is no such file",
            remedy: "put \(name) beside \(reader.file)")
    }
}
