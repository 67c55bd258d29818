import Basics

/// Something for each output of a model, by the names of their layers: `digit=huber,angle=mean_absolute_error`.
public struct OutputList: Sendable, Equatable, LosslessStringConvertible {
    public struct Item: Sendable, Equatable {
        public let output: String
        public let value: String
    }

    public let items: [Item]

    /// Nil if the text is no such list, or names an output twice.
    public init?(_ text: String) {
        var items: [Item] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let sign = part.firstIndex(of: "="), sign > part.startIndex,
                part.index(after: sign) < part.endIndex
            else { return nil }
            items.append(Item(output: String(part[..<sign]), value: String(part[part.index(after: sign)...])))
        }
        guard Set(items.map(\.output)).count == items.count else { return nil }
        self.items = items
    }

    public var description: String { items.map { "\($0.output)=\($0.value)" }.joined(separator: ",") }

    /// The value of each of a model's outputs; nil for one that is not named. `option` is the one that has the list.
    package func values(of outputs: [String], option: String) throws(OptionError) -> [String?] {
        if let foreign = items.first(where: { !outputs.contains($0.output) }) {
            throw OptionError(
                option, "the model has no output \(foreign.output); its outputs are \(outputs.joined(separator: ", "))")
        }
        return outputs.map { output in items.first { $0.output == output }?.value }
    }
}

extension OutputList: PlainOptionValue {
    static var kind: String { "a list with a value for each output of a model, such as digit=1,angle=0.5" }
    public static var isQuoted: Bool { true }
}

extension TrainingOptions {
    /// Whether an option speaks of several outputs of the model, which then have targets of their own.
    package var namesOutputs: Bool { losses != nil || lossWeights != nil || labelsOfOutputs != nil }

    /// `--labels` as a list of paths, one for each output; nil for the path of a single data set.
    package var labelsOfOutputs: OutputList? { labels.flatMap { $0.hasPrefix("/") ? nil : OutputList($0) } }
}
