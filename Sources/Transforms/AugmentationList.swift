import Basics

/// What `--augment` asks for: transforms of training samples in the order in which they are applied.
public struct AugmentationList: Sendable, Equatable, CustomStringConvertible {
    /// All there are. A new one is a file in `Augmentations/` and a line here.
    private static let known: [any Augmentation.Type] = [
        HorizontalFlip.self
    ]

    public let transforms: [any Augmentation]

    /// The form of the text and what may stand in it, for help and errors.
    public static var grammar: String {
        "transforms separated by commas, of: " + known.map { $0.summary }.joined(separator: "; ")
    }

    /// `flip` or `flip(0.5)`, several separated by commas. `option` is named in errors.
    public init(parsing text: String, option: String) throws {
        transforms = try Self.items(of: text.filter { $0 != " " }, option).map { try Self.transform($0, option) }
    }

    /// As it reads back: with all parameters, so that a default that changes does not change an old run.
    public var description: String { transforms.map(\.description).joined(separator: ", ") }

    /// What stands for the transforms where samples are evaluated or predicted from.
    public var inEvaluation: [any SampleTransform] { transforms.compactMap(\.inEvaluation) }

    public static func == (a: AugmentationList, b: AugmentationList) -> Bool { a.description == b.description }

    /// Cuts at commas outside parentheses.
    private static func items(of text: String, _ option: String) throws(OptionError) -> [String] {
        var items = [""]
        var depth = 0
        for letter in text {
            if letter == "(" { depth += 1 } else if letter == ")" { depth -= 1 }
            guard (0...1).contains(depth) else { break }
            if letter == ",", depth == 0 { items.append("") } else { items[items.count - 1].append(letter) }
        }
        guard depth == 0, !items.contains("") else {
            throw OptionError(option, "'\(text)' is no list of transforms; expected \(grammar)")
        }
        return items
    }

    private static func transform(_ item: String, _ option: String) throws(OptionError) -> any Augmentation {
        let parts = item.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let kind = known.first(where: { $0.name == name }) else {
            let names = known.map { $0.name }
            throw OptionError(
                option,
                "there is no transform '\(name)'; there is \(names.joined(separator: ", "))"
                    + suggestion(for: name, among: names))
        }
        guard parts.count == 1 || item.hasSuffix(")") else {
            throw OptionError(option, "'\(item)' does not end with its parameters; expected \(grammar)")
        }
        var parameters = try AugmentationParameters(
            parts.count == 1 ? "" : parts[1].dropLast(), of: item, option: option, grammar: kind.summary)
        let transform = try kind.init(&parameters)
        try parameters.finish()
        return transform
    }
}
