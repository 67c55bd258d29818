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
