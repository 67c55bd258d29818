import HDF5Storage
import Basics

extension Dataset {
    /// Refuses what this machine's memory does not hold: unpacked, data may be a thousand times as large as their file.
    package func requireMemory(_ bytes: Int, for what: String, remedy: String? = nil) throws(DatasetError) {
        guard let available = HostMemory.availableBytes, bytes > available else { return }
        throw DatasetError(
            file: location.file, object: path,
            "\(what) takes \(bytes >> 20) MiB of memory, and this machine has \(available >> 20) MiB left",
            remedy: remedy)
    }
}
