import Basics

#if canImport(Glibc)
import Glibc
import Datasets
#endif

/// Reads contiguous samples at their place in the file that holds them, past HDF5 and its lock, in ascending order of place; neighbours
/// that stay neighbours are read as one.
final class DirectFetcher: SampleFetcher {
    private(set) var rowsRead = 0
    private let source: SampleSource
    private var files: PartDescriptors
    /// One sample as it lies in the file, where it must be transposed.
    private let scratch: AlignedBuffer<UInt8>

    init(_ source: SampleSource) {
        self.source = source
        files = PartDescriptors()
        scratch = AlignedBuffer(count: source.needsTransposition ? source.stored.count * source.form.size : 0)
    }

    func fetch(
        _ draws: [Sampler.Draw], of samples: SampleSet, epoch: Int, shards: [Int],
        into output: UnsafeMutableRawPointer, at starts: UnsafePointer<Int>
    ) throws {
        let ascending = draws.indices.sorted { draws[$0].sample < draws[$1].sample }
        var next = 0
        while next < ascending.count {
            let index = ascending[next]
            let row = samples.rows[draws[index].sample]
            let place = source.parts.place(of: row)
            if source.needsTransposition {
                try read(place, place.length, to: UnsafeMutableRawPointer(scratch.baseAddress)) { _ in row }
                source.copySample(scratch.baseAddress, to: output + starts[index], byteCount: place.length)
                rowsRead += 1
                next += 1
                continue
            }
            var length = place.length
            var run = 1
            while next + run < ascending.count, ascending[next + run] == index + run {
                let following = source.parts.place(of: samples.rows[draws[index + run].sample])
                guard following.part == place.part, following.offset == place.offset + length else { break }
                length += following.length
                run += 1
            }
            try read(place, length, to: output + starts[index]) { done in
                let lost = (0..<run).first { starts[index + $0 + 1] - starts[index] > done }
                return samples.rows[draws[index + (lost ?? 0)].sample]
            }
            rowsRead += run
            next += run
        }
    }

    /// `length` bytes from a place on. `row` tells which row comes after so many of them.
    private func read(
        _ place: SampleParts.Place, _ length: Int, to output: UnsafeMutableRawPointer, row: (_ done: Int) -> Int
    ) throws {
        let part = source.parts.parts[place.part]
        guard case .direct(let start) = part.access else { preconditionFailure("read at its place in the file") }
        let descriptor = try files.descriptor(place.part, of: part)
        var done = 0
        while done < length {
            let got = pread(descriptor, output + done, length - done, off_t(Int(start) + place.offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw DatasetError(
                    file: part.bytesFile, object: part.path,
                    "the file ends within sample \(row(done) - part.rows.lowerBound) of \(part.rows.count)",
                    remedy: "it was truncated while in use; restore it and resume")
            } else if errno != EINTR {
                throw DatasetError(
                    file: part.bytesFile, object: part.path,
                    "cannot read sample \(row(done) - part.rows.lowerBound): \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// Descriptors of part files, of which a process may have some hundred.
private struct PartDescriptors: ~Copyable {
    private static let most = 16
    /// The part last opened is the last.
    private var open: [(part: Int, descriptor: Int32)] = []

    mutating func descriptor(_ number: Int, of part: SampleParts.Part) throws -> Int32 {
        if let found = open.first(where: { $0.part == number }) { return found.descriptor }
        if open.count == Self.most { close(open.removeFirst().descriptor) }
        let descriptor = Glibc.open(part.bytesFile, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DatasetError(
                file: part.bytesFile, object: part.path, "cannot open the file: \(String(cString: strerror(errno)))")
        }
        open.append((number, descriptor))
        return descriptor
    }

    deinit { for file in open { close(file.descriptor) } }
}
