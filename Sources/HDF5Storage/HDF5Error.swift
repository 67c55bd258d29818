import CHDF5

/// What failed, on which file and object, in HDF5's words where it has any, and what to do about it.
public struct HDF5Error: Error, Equatable, CustomStringConvertible {
    /// What was attempted: "open the file".
    public let operation: String
    /// The file's path, or the name given to a file in memory.
    public let file: String
    /// Where in the file: a group, a data set, or `path@attribute`; nil for the file itself.
    public let object: String?
    /// Why it failed.
    public let detail: String
    /// What the user can do, where that is known.
    public let remedy: String?

    public init(_ operation: String, file: String, object: String? = nil, detail: String, remedy: String? = nil) {
        self.operation = operation
        self.file = file
        self.object = object
        self.detail = detail
        self.remedy = remedy
    }

    public var description: String {
        let place = object.map { "\(file): \($0)" } ?? file
        return "\(place): cannot \(operation): \(detail)" + (remedy.map { "; \($0)" } ?? "")
    }
}

/// The reasons on the calling thread's error stack, innermost first and joined by ", ".
func errorStackText() -> String {
    var reasons: [String] = []
    withUnsafeMutablePointer(to: &reasons) { output in
        _ = H5Ewalk2(
            hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
            { _, entry, context in
                if let text = entry?.pointee.desc, let context {
                    context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
                }
                return 0
            }, output)
    }
    // The cause comes first and the caller's view last; what lies between repeats them in HDF5's inner terms.
    let ends = [reasons.first.map(withoutAddresses), reasons.count > 1 ? reasons.last : nil].compactMap { $0 }
    return ends.isEmpty ? "HDF5 gives no reason" : ends.joined(separator: ", ")
}

/// HDF5 wraps what the operating system says into times, addresses and counts: "file write failed: time = ..., errno =
/// 28, error message = 'No space left on device', buf = ..." becomes "file write failed: No space left on device".
private func withoutAddresses(_ reason: String) -> String {
    let parts = reason.split(separator: "error message = '", maxSplits: 1)
    guard parts.count == 2, let head = parts[0].split(whereSeparator: { ":,".contains($0) }).first,
        let message = parts[1].split(separator: "'").first
    else { return reason }
    return "\(head): \(message)"
}

/// Calls HDF5 with its automatic printing of errors switched off: the setting belongs to the thread, so every call
/// makes sure of it.
func quietly<Result>(_ body: () -> Result) -> Result {
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    return body()
}
