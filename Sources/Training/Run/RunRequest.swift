import Options

/// A semantic option whose value a resumed run changes.
public struct OptionOverride: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What a user asked for.
public struct RunRequest {
    public enum Resume: Sendable, Equatable, CustomStringConvertible {
        case no
        /// From the newest whole checkpoint of the output folder.
        case latest
        case file(String)

        public var description: String {
            switch self {
            case .no: "not given"
            case .latest: "from the output folder"
            case .file(let path): "from \(path)"
            }
        }
    }

    public var options: TrainingOptions
    /// The options that were given by flags or a configuration file: a resumed run takes the others from its checkpoint.
    public var given: Set<String>
    public var resume: Resume
    public var overwrite: Bool
    /// Whether the run has no output folder: it is tried out.
    public var writesNothing = false
    /// Changes to what a resumed run computes.
    public var overrides: [OptionOverride]

    public init(
        options: TrainingOptions, given: Set<String> = [], resume: Resume = .no, overwrite: Bool = false,
        overrides: [OptionOverride] = []
    ) {
        self.overrides = overrides
        self.options = options
        self.given = given
        self.resume = resume
        self.overwrite = overwrite
    }
}
