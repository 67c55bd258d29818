import FoundationEssentials
import Glibc

extension Error {
    /// What the operating system refused, as a sentence and without the file's name.
    package var failureText: String {
        let code: Int32? =
            if let error = self as? FileSystemError {
                error.code
            } else {
                ((self as? CocoaError)?.underlying as? POSIXError)?.code.rawValue
            }
        return "The operation could not be completed. " + (code.map(Self.reason) ?? "\(self)")
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "The file doesn’t exist."
        case EACCES, EPERM: "You don’t have permission."
        case ENOSPC: "There isn’t enough space."
        case EROFS: "The volume is read only."
        case EEXIST: "A file with the same name already exists."
        default: String(cString: strerror(code)) + "."
        }
    }
}
