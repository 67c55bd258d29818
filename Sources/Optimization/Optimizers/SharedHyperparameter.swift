/// A hyper-parameter of one or several optimizers, which is one option.
public struct SharedHyperparameter: Sendable {
    /// Each once, in the order of the optimizers.
    public static let all = OptimizerKind.all.flatMap { $0.type.summaries }.reduce(into: [Self]()) { all, declared in
        guard !all.contains(where: { $0.name == declared.name }) else { return }
        all.append(Self(declared.name, declared.summary, storage: declared.storage))
    }

    public let name: String
    /// What help says before it names the optimizers.
    public let summary: String?
    private let storage: HyperparameterStorage
    /// The optimizers that have it, with their defaults.
    public let owners: [(kind: OptimizerKind, defaultValue: HyperparameterValue)]

    private init(_ name: String, _ summary: String?, storage: HyperparameterStorage) {
        self.name = name
        self.summary = summary
        self.storage = storage
        owners = OptimizerKind.all.compactMap { kind in kind.type.defaultValue(of: name).map { (kind, $0) } }
    }

    /// The default of one optimizer. One that lacks this hyper-parameter shows that of the first which has it.
    public func defaultValue(of kind: OptimizerKind) -> HyperparameterValue {
        (owners.first { $0.kind == kind } ?? owners[0]).defaultValue
    }

    /// Whether a run with these settings stores it.
    public func isStored(by settings: OptimizerSettings) -> Bool {
        switch storage {
        case .always: true
        case .withOwners: owners.contains { $0.kind == settings.kind }
        case .whereChosen: settings[self] != defaultValue(of: settings.kind)
        }
    }

    /// Why no optimizer would take a value, in words that complete "5 is not ..."; nil if one takes it.
    public func refusal(of value: HyperparameterValue) -> String? {
        let requirements = owners.compactMap { $0.kind.type.requirement(of: name) }
        return requirements.contains { $0.holds(value) } ? nil : requirements[0].words
    }
}
