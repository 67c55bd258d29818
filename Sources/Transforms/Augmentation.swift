import Basics

/// A transform of training samples that `--augment` names.
public protocol Augmentation: SampleTransform {
    /// What it is called in `--augment`, and in no other transform.
    static var name: String { get }
    /// Its form and what it does, for help and errors: `flip(P) mirrors an image ...`.
    static var summary: String { get }

    /// Reads its parameters. Its `description` is the text that reads back as the same transform.
    init(_ parameters: inout AugmentationParameters) throws(OptionError)
}

/// The parameters of one transform as `--augment` has them: `flip(0.3)` or `flip(probability=0.3)`.
///
/// A transform takes what it knows, one after the other; a parameter without a name is for the next that is taken.
public struct AugmentationParameters {
    private let text: String
    private let option: String
    private let grammar: String
    private var named: [(name: String, value: String)] = []
    private var unnamed: [String] = []

    /// `text` is the whole transform, `list` what stands between its parentheses.
    init(_ list: Substring, of text: String, option: String, grammar: String) throws(OptionError) {
        self.text = text
        self.option = option
        self.grammar = grammar
        for part in list.split(separator: ",", omittingEmptySubsequences: false) where !list.isEmpty {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !pair.contains("") else { throw problem("'\(part)' is no parameter") }
            if pair.count == 1 { unnamed.append(pair[0]) } else { named.append((pair[0], pair[1])) }
        }
    }

    /// The parameter of this name, or `standard`. `kind` says in words what `isValid` tests.
    public mutating func take<Value: LosslessStringConvertible>(
        _ name: String, standard: Value, _ kind: String, where isValid: (Value) -> Bool
    ) throws(OptionError) -> Value {
        let given: String
        if let index = named.firstIndex(where: { $0.name == name }) {
            given = named.remove(at: index).value
        } else if !unnamed.isEmpty {
            given = unnamed.removeFirst()
        } else {
            return standard
        }
        guard let value = Value(given), isValid(value) else { throw problem("its \(name) \(given) is not \(kind)") }
        return value
    }

    /// Refuses what no transform took.
    func finish() throws(OptionError) {
        guard let left = named.first?.name ?? unnamed.first else { return }
        throw problem("there is no parameter '\(left)', or it was given twice")
    }

    private func problem(_ what: String) -> OptionError {
        OptionError(option, "\(text): \(what); expected \(grammar)")
    }
}
