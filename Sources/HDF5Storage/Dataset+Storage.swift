import CHDF5
import Basics

/// HDF5 reads zeros where nothing was written and where a file that should hold the elements is missing or too short,
/// and reports nothing. A network would be trained on them.
extension Dataset {
    /// Throws unless the file, and other files it refers to, have storage for every element. Until this has been asked,
    /// nothing may be allocated by the shape: a file of a kilobyte can claim any. `allowExternal` allows raw bytes in
    /// files that are no HDF5 files, which a stranger's data set could use to read any file of this machine.
    ///
    /// Storage that was set aside and filled with zeros when the data set was created looks like written zeros.
    public func requireStored(allowExternal: Bool = false) throws(HDF5Error) {
        try requireStored(allowExternal: allowExternal, VirtualVisits())
    }

    func requireStored(allowExternal: Bool, _ visits: VirtualVisits) throws(HDF5Error) {
        guard byteCount > 0 else { return }
        let list = try location.open(Self.operation, close: H5Pclose) { H5Dget_create_plist(location.id) }
        switch H5Pget_layout(list.id) {
        case H5D_CHUNKED: try requireChunks(list.id)
        case H5D_VIRTUAL: try requireSources(list.id, visits)
        case H5D_CONTIGUOUS where isExternal:
            guard allowExternal else { throw refusal(ofExternal: list.id) }
            try requireExternalFiles()
        case H5D_CONTIGUOUS: try requireRun()
        default:
            guard H5Dget_storage_size(location.id) >= UInt64(byteCount) else { throw tooShort() }
        }
    }

    static var operation: String { "find all elements of the data set" }
    static var remedy: String { "write them, or leave their rows out" }

    private func requireRun() throws(HDF5Error) {
        let offset = location.quietly { H5Dget_offset(location.id) }
        guard offset != chdf5_undefined_address() else {
            throw location.error(Self.operation, "none of its \(rows) rows was ever written", remedy: Self.remedy)
        }
        guard let size = fileSize, offset <= UInt64(size), byteCount <= size - Int(offset) else { throw tooShort() }
    }

    private func tooShort() -> HDF5Error {
        location.error(
            Self.operation,
            "its shape \(shape) of \(elementType) takes \(byteCount) bytes, more than \(file) has for it",
            remedy: "the file is damaged: create it again")
    }

    /// Bytes of the file that the elements lie in; nil where it cannot be told.
    private var fileSize: Int? {
        guard file == location.file else { return sizeOfFile(file) }
        var size: hsize_t = 0
        guard location.quietly({ H5Fget_filesize(location.fileHandle.id, &size) }) >= 0 else { return nil }
        return Int(exactly: size)
    }

    // MARK: Chunks

    /// A chunk without storage was never written: libhdf5 leaves none out because of what it holds. So a fill value
    /// stands for what is missing, not for data.
    private func requireChunks(_ list: hid_t) throws(HDF5Error) {
        var chunk = [hsize_t](repeating: 0, count: shape.rank)
        try location.check(Self.operation) { H5Pget_chunk(list, Int32(shape.rank), &chunk) }
        let sides = zip(shape.extents, chunk).map { extent, side in
            Int(exactly: side).map { $0 > 0 ? (extent - 1) / $0 + 1 : 0 } ?? 1
        }
        let expected = sides.reduce(1, *)
        let space = try location.open(Self.operation, close: H5Sclose) { H5Dget_space(location.id) }
        var found: hsize_t = 0
        try location.check(Self.operation) { H5Dget_num_chunks(location.id, space.id, &found) }
        guard found >= UInt64(expected) else {
            let rows = missingRows(chunk: chunk, sides, found: Int(found))
            throw location.error(
                Self.operation, "\(expected - Int(found)) of its \(expected) chunks were never written\(rows)",
                remedy: Self.remedy)
        }
        try requireMemoryInChunks(list)
    }

    /// Deflate makes data at most 1,032 times smaller; other filters are taken to do as well.
    private func requireMemoryInChunks(_ list: hid_t) throws(HDF5Error) {
        let stored = H5Dget_storage_size(location.id)
        guard let size = fileSize, stored <= UInt64(size) else { throw tooShort() }
        var bound = Int(stored)
        for _ in 0..<max(0, H5Pget_nfilters(list)) {
            let (product, overflow) = bound.multipliedReportingOverflow(by: 1032)
            bound = overflow ? .max : product
        }
        guard byteCount <= bound else { throw tooShort() }
    }

    /// `: rows 8 to 15, 40 to 47`, at most five runs of them. There are at most `found` chunks to pass by before one is
    /// missing; how far a run reaches is looked up for a million chunks.
    private func missingRows(chunk: [hsize_t], _ sides: [Int], found: Int) -> String {
        let bandRows = Int(chunk[0])
        let perBand = sides.dropFirst().reduce(1, *)
        var lookups = found + 1_000_000
        var runs: [Range<Int>] = []
        for band in 0..<sides[0] {
            guard runs.count <= 5, lookups > 0 else { break }
            let isMissing = (0..<perBand).contains { place in
                lookups -= 1
                return lookups >= 0 && !hasStorage(chunkAt: [band] + Self.position(place, sides.dropFirst()), chunk)
            }
            guard isMissing else { continue }
            let end = min((band + 1) * bandRows, rows)
            if let last = runs.last, last.upperBound == band * bandRows {
                runs[runs.count - 1] = last.lowerBound..<end
            } else {
                runs.append(band * bandRows..<end)
            }
        }
        let texts = runs.prefix(5).map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound - 1)"
        }
        let more = runs.count > 5 || lookups <= 0 ? " and others" : ""
        return texts.isEmpty ? "" : ": rows \(texts.joined(separator: ", "))\(more)"
    }

    private func hasStorage(chunkAt position: [Int], _ chunk: [hsize_t]) -> Bool {
        let offset = zip(position, chunk).map { hsize_t($0) * $1 }
        var bytes: hsize_t = 0
        return location.quietly { H5Dget_chunk_storage_size(location.id, offset, &bytes) } >= 0 && bytes > 0
    }

    /// The indices of place `place` in a grid, the last one counting fastest.
    private static func position(_ place: Int, _ sides: ArraySlice<Int>) -> [Int] {
        var (rest, indices) = (place, [Int]())
        for side in sides.reversed() {
            indices.append(rest % side)
            rest /= side
        }
        return indices.reversed()
    }
}
