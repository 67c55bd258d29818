import Basics
import Optimization

/// The options that follow from what optimizers declare.
extension OptionDeclaration {
    static let optimizer = [kind] + SharedHyperparameter.all.map { OptionDeclaration($0) }

    static let weightDecayOn = OptionDeclaration(
        "weight-decay-on", .optimizer, .semantic, \.weightDecayOn,
        "all (default) or kernels (not biases, and not the scales of normalisation): what --weight-decay decays")

    private static let kind = OptionDeclaration(
        "optimizer", .optimizer, .semantic, \.optimizer.kind, OptimizerKind.all.map(\.name).listed("or"))

    static let weightDecay = OptionDeclaration(
        "weight-decay", .optimizer, .semantic, \.optimizer.weightDecay, "Keras's decoupled weight decay", .notNegative,
        otherDefaults: otherDefaults(OptimizerKind.all.map { ($0, .number($0.type.defaultWeightDecay)) }) {
            .number($0.weightDecay)
        })

    /// The option that all optimizers with this hyper-parameter share.
    private init(_ parameter: SharedHyperparameter) {
        let name = parameter.name
        let owners = parameter.owners.map(\.kind.name).listed("and")
        self.name = name
        group = .optimizer
        scope = .semantic
        help = parameter.summary.map { "\($0), with \(owners)" } ?? "of \(owners)"
        otherDefaults = Self.otherDefaults(parameter.owners) { $0[parameter] }
        isQuoted = false
        if case .flag = parameter.owners[0].defaultValue { isSwitch = true } else { isSwitch = false }
        (words, isText) = ([], false)
        get = { options in
            parameter.isStored(by: options.optimizer) ? options.optimizer[parameter].description : nil
        }
        set = { options, text in
            let value: HyperparameterValue =
                switch parameter.owners[0].defaultValue {
                case .number: .number(try Double(optionText: text, option: name))
                case .flag: .flag(try Bool(optionText: text, option: name))
                }
            if let words = parameter.refusal(of: value) { throw OptionError(name, "\(text) is not \(words)") }
            options.optimizer[parameter] = value
        }
    }

    /// The optimizers whose default differs from the one that help shows. Help shows the default optimizer's.
    private static func otherDefaults(
        _ defaults: [(kind: OptimizerKind, defaultValue: HyperparameterValue)],
        shown: (OptimizerSettings) -> HyperparameterValue
    ) -> String {
        let shown = shown(TrainingOptions().optimizer)
        return defaults.filter { $0.defaultValue != shown }.map { ", with \($0.kind.name) \($0.defaultValue)" }.joined()
    }
}
