import Basics

#if canImport(Glibc)
import Glibc
#endif

/// Reads contiguous samples at their place in the file that holds them, past HDF5 and its lock, in ascending order of place; neighbours
/// that stay neighbours are read as one.
final class DirectFetcher: SampleFetcher {
    private(set) var rowsRead = 0
    private let dataset: SampleSet
    private let descriptor: Int32
    private let start: Int
    /// One sample as it lies in the file, where it must be transposed.
    private let scratch: AlignedBuffer<UInt8>

    init(_ dataset: SampleSet, offset: UInt64) throws {
        self.dataset = dataset
        descriptor = open(dataset.source.dataset.file, O_RDONLY | O_CLOEXEC)
        start = Int(offset)
        scratch = AlignedBuffer(count: dataset.source.needsTransposition ? dataset.source.sampleBytes : 0)
        guard descriptor >= 0 else { throw error("cannot open the file: \(String(cString: strerror(errno)))") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func fetch(_ draws: [Sampler.Draw], epoch: Int, shard: Int, into output: UnsafeMutableRawPointer) throws {
        let source = dataset.source
        let size = source.sampleBytes
        let ascending = draws.indices.sorted { draws[$0].sample < draws[$1].sample }
        var next = 0
        while next < ascending.count {
            let slot = ascending[next]
            let row = dataset.rows[draws[slot].sample]
            if source.needsTransposition {
                try read(row, 1, to: UnsafeMutableRawPointer(scratch.baseAddress))
                source.copySample(scratch.baseAddress, to: output + slot * size)
                next += 1
                continue
            }
            var length = 1
            while next + length < ascending.count, ascending[next + length] == slot + length,
                dataset.rows[draws[slot + length].sample] == row + length
            { length += 1 }
            try read(row, length, to: output + slot * size)
            next += length
        }
    }

    private func read(_ row: Int, _ count: Int, to output: UnsafeMutableRawPointer) throws {
        let size = dataset.source.sampleBytes
        rowsRead += count
        var done = 0
        while done < count * size {
            let got = pread(descriptor, output + done, count * size - done, off_t(start + row * size + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw error(
                    "the file ends within sample \(row + done / size) of \(dataset.source.dataset.rows)",
                    remedy: "it was truncated while in use; restore it and resume")
            } else if errno != EINTR {
                throw error("cannot read sample \(row): \(String(cString: strerror(errno)))")
            }
        }
    }

    private func error(_ detail: String, remedy: String? = nil) -> DatasetError {
        DatasetError(file: dataset.source.dataset.file, object: dataset.source.dataset.path, detail, remedy: remedy)
    }
}
