import Basics
import HDF5Storage
import Transforms

/// The arrays that hold a split's samples: one, or one in each part file. The rows of all parts count on.
public struct SampleParts: Sendable {
    public struct Part: Sendable {
        /// As it was opened.
        public let file: String
        /// The data set in that file.
        public let path: String
        /// The file that the bytes lie in: another one where a link leads there.
        package let bytesFile: String
        let shape: Shape
        package let access: SampleSource.Access
        /// The rows of all parts that lie in this one.
        public let rows: Range<Int>
    }

    /// Where a row's bytes lie.
    package struct Place {
        package let part: Int
        /// From the part's first byte.
        package let offset: Int
        package let length: Int
    }

    public let parts: [Part]
    /// Bytes of a row, where all rows have as many.
    private let rowBytes: Int
    /// Where the rows of encoded images begin in their part, and where each part ends: one more a part than rows. Nil
    /// for rows of one size.
    private let offsets: [Int]?
    /// Whether each row is a list of bytes.
    private let rowsAreLists: Bool
    private var opened: OpenDatasets

    /// One data set; `offsets` are those of encoded images.
    init(_ dataset: Dataset, access: SampleSource.Access, rowBytes: Int, offsets: [Int]? = nil) {
        let rows = offsets.map { $0.count - 1 } ?? dataset.rows
        parts = [
            Part(
                file: dataset.location.file, path: dataset.path, bytesFile: dataset.file, shape: dataset.shape,
                access: access, rows: 0..<rows)
        ]
        self.rowBytes = rowBytes
        self.offsets = offsets
        rowsAreLists = dataset.holdsByteLists
        opened = OpenDatasets(first: dataset)
    }

    /// Those of several files, one after the other. `first` is the data set of the first, which stays open.
    init(joining all: [SampleParts], first: Dataset) {
        var parts: [Part] = []
        for part in all.flatMap(\.parts) {
            let start = parts.last?.rows.upperBound ?? 0
            parts.append(
                Part(
                    file: part.file, path: part.path, bytesFile: part.bytesFile, shape: part.shape,
                    access: part.access, rows: start..<start + part.rows.count))
        }
        self.parts = parts
        rowBytes = all.first?.rowBytes ?? 0
        let joined = all.compactMap(\.offsets)
        offsets = joined.isEmpty ? nil : Array(joined.joined())
        rowsAreLists = first.holdsByteLists
        opened = OpenDatasets(first: first)
    }

    /// The same without an open file.
    var closed: SampleParts {
        var copy = self
        copy.opened = OpenDatasets(first: nil)
        return copy
    }

    /// Of all parts.
    public var rows: Int { parts.last?.rows.upperBound ?? 0 }
    package var areEncoded: Bool { offsets != nil }

    /// The part that a row lies in.
    package func part(of row: Int) -> Int {
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].rows.lowerBound <= row { low = middle } else { high = middle - 1 }
        }
        return low
    }

    package func place(of row: Int) -> Place {
        let part = part(of: row)
        guard let offsets else {
            return Place(part: part, offset: (row - parts[part].rows.lowerBound) * rowBytes, length: rowBytes)
        }
        let start = offsets[row + part]
        return Place(part: part, offset: start, length: offsets[row + part + 1] - start)
    }

    /// Bytes of a row as it is stored.
    package func length(of row: Int) -> Int {
        guard let offsets else { return rowBytes }
        let index = row + part(of: row)
        return offsets[index + 1] - offsets[index]
    }

    /// Bytes of some rows together.
    package func length(of rows: Range<Int>) -> Int {
        guard offsets != nil else { return rows.count * rowBytes }
        return pieces(of: rows).reduce(0) { sum, piece in
            let (first, last) = (place(of: piece.rows.lowerBound), place(of: piece.rows.upperBound - 1))
            return sum + last.offset + last.length - first.offset
        }
    }

    /// Rows, part by part.
    func pieces(of rows: Range<Int>) -> [(part: Int, rows: Range<Int>)] {
        guard !rows.isEmpty else { return [] }
        return (part(of: rows.lowerBound)...part(of: rows.upperBound - 1)).compactMap { part in
            let piece = rows.clamped(to: parts[part].rows)
            return piece.isEmpty ? nil : (part, piece)
        }
    }

    /// The most bytes that so many rows among `rows` have together.
    package func mostBytes(of count: Int, among rows: RowSelection) -> Int {
        guard offsets != nil else { return min(count, rows.count) * rowBytes }
        return (0..<rows.count).map { length(of: rows[$0]) }.sorted(by: >).prefix(count).reduce(0, +)
    }

    /// What is wrong with a row, which is named by its place in its own file.
    package func error(inRow row: Int, _ detail: String, remedy: String?) -> DatasetError {
        let part = parts[part(of: row)]
        return DatasetError(
            file: part.file, object: part.path, "row \(row - part.rows.lowerBound): \(detail)", remedy: remedy)
    }

    /// The most bytes that a band of so many rows has.
    package func largestBand(rows bandRows: Int) -> Int {
        guard offsets != nil else { return min(bandRows, rows) * rowBytes }
        return stride(from: 0, to: rows, by: bandRows).reduce(0) {
            max($0, length(of: $1..<min($1 + bandRows, rows)))
        }
    }

    /// Reads rows as they are stored, images not turned round, through HDF5.
    package func read(rows: Range<Int>, as form: SampleForm, into output: UnsafeMutableRawPointer) throws {
        switch form {
        case .bytes where rowsAreLists: try readLists(rows: rows, into: output.assumingMemoryBound(to: UInt8.self))
        case .bytes: try read(rows: rows, into: output.assumingMemoryBound(to: UInt8.self))
        case .floats: try read(rows: rows, into: output.assumingMemoryBound(to: Float.self))
        }
    }

    private func readLists(rows: Range<Int>, into output: UnsafeMutablePointer<UInt8>) throws {
        var output = output
        for (part, piece) in pieces(of: rows) {
            let first = parts[part].rows.lowerBound
            try opened.dataset(part, of: parts).readLists(
                rows: piece.lowerBound - first..<piece.upperBound - first, lengths: piece.map(length), into: output)
            output += length(of: piece)
        }
    }

    /// The same, converted to `Element`.
    package func read<Element: StorageElement>(rows: Range<Int>, into output: UnsafeMutablePointer<Element>) throws {
        var output = output
        for (part, piece) in pieces(of: rows) {
            let dataset = try opened.dataset(part, of: parts)
            let first = parts[part].rows.lowerBound
            var range = piece.lowerBound - first..<piece.upperBound - first
            if areEncoded {
                let last = place(of: piece.upperBound - 1)
                range = place(of: piece.lowerBound).offset..<last.offset + last.length
            }
            try dataset.read(rows: range, into: output)
            output += range.count * dataset.rowCount
        }
    }
}

/// The data sets of part files, of which only a few are open at a time: a process may have some hundred open files.
///
/// `condition` guards the list.
private final class OpenDatasets: @unchecked Sendable {
    private static let most = 8

    private let condition = Condition()
    /// The data set of part 0, which stays open.
    private let first: Dataset?
    /// The part last used is the last.
    private var others: [(part: Int, dataset: Dataset)] = []

    init(first: Dataset?) { self.first = first }

    func dataset(_ part: Int, of parts: [SampleParts.Part]) throws -> Dataset {
        if part == 0, let first { return first }
        return try condition.withLock {
            if let index = others.firstIndex(where: { $0.part == part }) {
                let found = others.remove(at: index)
                others.append(found)
                return found.dataset
            }
            let expected = parts[part]
            let dataset = try HDF5File.open(expected.file).root.dataset(expected.path)
            guard dataset.shape == expected.shape else {
                throw DatasetError(
                    file: expected.file, object: expected.path,
                    "its shape was \(expected.shape) and now is \(dataset.shape)",
                    remedy: "it was replaced while in use; restore it and resume")
            }
            others.append((part, dataset))
            if others.count > Self.most { others.removeFirst() }
            return dataset
        }
    }
}
