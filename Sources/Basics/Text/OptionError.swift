/// Something wrong with an option's value, wherever it was given: names the option and says what would be right.
public struct OptionError: Error, CustomStringConvertible, Equatable {
    public let option: String
    public let problem: String

    public init(_ option: String, _ problem: String) {
        self.option = option
        self.problem = problem
    }

    public var description: String { "option \(option): \(problem)" }
}
