import Datasets
import HDF5Storage
import Basics

extension SampleSet {
    private static var largeChunk: Int { 16 << 20 }

    /// Why reading must be slow, however it is done, and what to do about it; nil where it need not be. A chunk is read and
    /// unpacked whole. `batch`: samples of a step.
    public func layoutWarning(batch: Int) throws -> String? {
        guard case .chunked(let rows) = source.access, case .chunked(_, let filters) = try source.dataset.storage()
        else { return nil }
        let bytes = rows * (source.dataset.shape.count / source.dataset.rows) * source.dataset.elementType.bytes
        guard rows > 8 * batch, bytes > Self.largeChunk else { return nil }
        let packing = filters.isEmpty ? "" : "compressed "
        return
            "\(source.dataset.path) lies in \(packing)chunks of \(rows) samples, \(bytes >> 20) MiB, which are read whole; "
            + "`dptrain data repack` writes a file that is read faster"
    }
}
