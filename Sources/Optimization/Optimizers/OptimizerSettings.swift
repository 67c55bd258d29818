import Basics

/// Which optimizer a run uses, and what was chosen about it. What was not chosen is the optimizer's own default, so
/// choosing another optimizer changes it.
public struct OptimizerSettings: Sendable, Equatable {
    public var kind: OptimizerKind
    private var chosen: [String: HyperparameterValue] = [:]
    private var chosenWeightDecay: Double?

    public init(_ kind: OptimizerKind) { self.kind = kind }

    /// The value in force, which is the one that was chosen, or a default.
    public subscript(parameter: SharedHyperparameter) -> HyperparameterValue {
        get { chosen[parameter.name] ?? parameter.defaultValue(of: kind) }
        set { chosen[parameter.name] = newValue }
    }

    /// Keras's decoupled weight decay, which all optimizers have.
    public var weightDecay: Double {
        get { chosenWeightDecay ?? kind.type.defaultWeightDecay }
        set { chosenWeightDecay = newValue }
    }

    /// The optimizer with the values in force.
    public var algorithm: any Optimizer { kind.type.with(chosen) }

    /// Checks what no value alone can tell.
    public func validate() throws(OptionError) {
        for parameter in SharedHyperparameter.all {
            if let requirement = kind.type.requirement(of: parameter.name) {
                guard requirement.holds(self[parameter]) else {
                    throw OptionError(
                        parameter.name,
                        "\(self[parameter]) is not \(requirement.words), which --optimizer \(kind.name) needs")
                }
            } else if !parameter.owners.contains(where: { $0.defaultValue == self[parameter] }) {
                // Configuration files and checkpoints state every option, so that defaults are no choice.
                let owners = parameter.owners.map(\.kind.name).listed("and")
                throw OptionError(
                    parameter.name, "it is a parameter of \(owners), and has no effect with --optimizer \(kind.name)")
            }
        }
        try algorithm.validate()
    }

    /// Whether all values in force are equal, chosen or not.
    public static func == (a: Self, b: Self) -> Bool {
        a.kind == b.kind && a.weightDecay == b.weightDecay && SharedHyperparameter.all.allSatisfy { a[$0] == b[$0] }
    }
}
