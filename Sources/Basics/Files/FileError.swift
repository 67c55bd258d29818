/// A file that cannot be read or written, or is not what it should be: which file, why, and what to do.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The operating system does not let us read it.
        case unreadable
        case empty
        case notHDF5 = "not HDF5"
        /// Its end is missing.
        case truncated
        /// It has no digest: no checkpoint of this program, or cut just before the digest.
        case unsealed
        /// Its bytes are not those that were written.
        case altered
        /// Written by a newer program.
        case version
        /// Whole, but not what was asked for.
        case content
        /// Not written, since it would hold NaN or infinities.
        case notFinite = "not finite"
        case write
        case diskFull = "disk full"
        /// The output folder cannot be used.
        case folder
    }

    public let kind: Kind
    public let file: String
    public let reason: String
    public let remedy: String?

    public init(_ kind: Kind, file: String, _ reason: String, remedy: String? = nil) {
        self.kind = kind
        self.file = file
        self.reason = reason
        self.remedy = remedy
    }

    public var description: String { "\(file): \(reason)" + (remedy.map { "; \($0)" } ?? "") }
}
