import Basics

/// The value of a hyper-parameter.
public enum HyperparameterValue: Hashable, Sendable, CustomStringConvertible {
    case number(Double)
    case flag(Bool)

    public var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        }
    }
}

/// Which runs store a hyper-parameter. One that came later is stored by fewer, so that the other checkpoints stay as they were.
public enum HyperparameterStorage: Sendable {
    case always
    /// Runs with an optimizer that has it.
    case withOwners
    /// Runs that chose another value than the default.
    case whereChosen
}

/// What may be chosen about an optimizer. Its default is the value of the property in `Owner()`.
public struct Hyperparameter<Owner>: Sendable {
    /// The option's name, without the dashes. Optimizers that use the same name share the option.
    public let name: String
    /// The name in `get_config` of Keras's class.
    public let kerasName: String
    /// What help says before it names the optimizers; nil where the name says it all.
    public let summary: String?
    /// Which runs store it.
    public let storage: HyperparameterStorage
    public let requirement: Requirement<HyperparameterValue>
    public let get: @Sendable (Owner) -> HyperparameterValue
    let set: @Sendable (inout Owner, HyperparameterValue) -> Void

    public init(
        _ name: String, keras kerasName: String, _ path: any WritableKeyPath<Owner, Double> & Sendable,
        _ requirement: Requirement<Double>, summary: String? = nil, storage: HyperparameterStorage = .always
    ) {
        self.storage = storage
        self.name = name
        self.kerasName = kerasName
        self.summary = summary
        self.requirement = Requirement(words: requirement.words) { value in
            if case .number(let number) = value { requirement.holds(number) } else { false }
        }
        get = { .number($0[keyPath: path]) }
        set = { owner, value in if case .number(let number) = value { owner[keyPath: path] = number } }
    }

    public init(
        _ name: String, keras kerasName: String, _ path: any WritableKeyPath<Owner, Bool> & Sendable,
        summary: String? = nil, storage: HyperparameterStorage = .always
    ) {
        self.storage = storage
        self.name = name
        self.kerasName = kerasName
        self.summary = summary
        requirement = .none
        get = { .flag($0[keyPath: path]) }
        set = { owner, value in if case .flag(let flag) = value { owner[keyPath: path] = flag } }
    }
}

/// Hyper-parameters by name.
extension Optimizer {
    /// The optimizer with some values chosen, and the defaults of the others. Names of other optimizers'
    /// hyper-parameters are ignored.
    public static func with(_ values: [String: HyperparameterValue]) -> Self {
        var optimizer = Self()
        for parameter in hyperparameters {
            if let value = values[parameter.name] { parameter.set(&optimizer, value) }
        }
        return optimizer
    }

    /// Nil if the optimizer has no hyper-parameter of this name.
    static func defaultValue(of name: String) -> HyperparameterValue? {
        hyperparameters.first { $0.name == name }?.get(Self())
    }

    /// What a value must be. Nil if the optimizer has no hyper-parameter of this name.
    static func requirement(of name: String) -> Requirement<HyperparameterValue>? {
        hyperparameters.first { $0.name == name }?.requirement
    }

    /// Names, what help says of them, and which runs store them.
    static var summaries: [(name: String, summary: String?, storage: HyperparameterStorage)] {
        hyperparameters.map { ($0.name, $0.summary, $0.storage) }
    }
}
