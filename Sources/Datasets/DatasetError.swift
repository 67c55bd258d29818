import Basics
import HDF5Storage

/// What is wrong with a data file, where in it, and what to do about it.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
    public let file: String
    /// The data set, or nil for the file as a whole.
    public let object: String?
    public let detail: String
    public let remedy: String?

    public init(file: String, object: String? = nil, _ detail: String, remedy: String? = nil) {
        self.file = file
        self.object = object
        self.detail = detail
        self.remedy = remedy
    }

    public var description: String {
        (object.map { "\(file): \($0): \(detail)" } ?? "\(file): \(detail)") + (remedy.map { "; \($0)" } ?? "")
    }
}

extension Dataset {
    /// Refuses what this machine's memory does not hold: unpacked, data may be a thousand times as large as their file.
    package func requireMemory(_ bytes: Int, for what: String) throws(DatasetError) {
        guard let available = HostMemory.availableBytes, bytes > available else { return }
        throw DatasetError(
            file: location.file, object: path,
            "\(what) takes \(bytes >> 20) MiB of memory, and this machine has \(available >> 20) MiB left")
    }
}
