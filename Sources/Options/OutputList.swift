import Basics

/// Something for each output of a model, or each input, by the names of their layers: `digit=huber,angle=mean_absolute_error`.
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

    /// Nil for the path of a single data set.
    package init?(paths text: String) {
        if text.hasPrefix("/") { return nil }
        self.init(text)
    }

    public var description: String { items.map { "\($0.output)=\($0.value)" }.joined(separator: ",") }

    /// The value of each of a model's outputs; nil for one that is not named. `option` is the one that has the list.
    package func values(
        of outputs: [String], option: String, things: String = "output"
    ) throws(OptionError) -> [String?] {
        if let foreign = items.first(where: { !outputs.contains($0.output) }) {
            throw OptionError(
                option,
                "the model has no \(things) \(foreign.output); its \(things)s are \(outputs.joined(separator: ", "))")
        }
        return outputs.map { output in items.first { $0.output == output }?.value }
    }
}

extension OutputList: PlainOptionValue {
    static var kind: String { "a list with a value for each output of a model, such as digit=1,angle=0.5" }
    public static var isQuoted: Bool { true }
}

extension TrainingOptions {
    /// The option that speaks of several outputs of the model, which then have targets of their own; nil if none does.
    package var optionOfOutputs: String? {
        losses != nil ? "losses" : lossWeights != nil ? "loss-weights" : labelsOfOutputs != nil ? "labels" : nil
    }

    /// Refuses an option that speaks of several outputs, for a model that has one.
    package func requireNoNamesOfOutputs(_ model: String) throws(OptionError) {
        guard let option = optionOfOutputs else { return }
        throw OptionError(option, "\(model) has one output; names of outputs go with a model that has several")
    }

    /// `--labels` as a list of paths, one for each output; nil for the path of a single data set.
    package var labelsOfOutputs: OutputList? { labels.flatMap(OutputList.init(paths:)) }

    /// `--images` as a list of paths, one for each input; nil for the path of a single data set.
    package var imagesOfInputs: OutputList? { images.flatMap(OutputList.init(paths:)) }
}
