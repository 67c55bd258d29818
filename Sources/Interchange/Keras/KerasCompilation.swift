import Basics
import Models
import Optimization

/// What `model.compile` was given, as `compile_config` of a `.keras` file or `training_config` of an older one has it.
public struct KerasCompilation: Sendable {
    /// An option of a run, by its name, with the value that the file has.
    public typealias Setting = (option: String, value: String)

    /// Nil where it was compiled without a loss.
    public let loss: JSONValue?
    private let optimizer: JSONValue?
    private let metrics: JSONValue?
    public let lossWeights: JSONValue?

    /// Nil where there is nothing: `compile_config` of a model that was not compiled is empty.
    init?(_ description: JSONValue) {
        // Not `nil`, which would be JSON's null.
        func given(_ name: String) -> JSONValue? { description[name] == .null ? .none : description[name] }
        loss = given("loss")
        optimizer = given("optimizer_config") ?? given("optimizer")
        metrics = given("metrics")
        lossWeights = given("loss_weights")
        if loss == nil && optimizer == nil { return nil }
    }

    /// The loss as options of a run.
    public func lossSettings(of network: Network) throws(NetworkError) -> [Setting] {
        guard let loss else { return [] }
        guard network.heads.isEmpty else {
            let heads = try Loss(keras: loss, weights: lossWeights, ofHeadsOf: network).heads
            // One option smooths the targets of all losses that can be smoothed, and of sparse cross-entropy.
            let smoothing = Set(
                heads.map(\.loss).filter { $0.function.canSmooth || $0.function.needsLabels }.map(\.labelSmoothing))
            guard smoothing.count <= 1 else {
                throw NetworkError(
                    network: network.name, layer: nil,
                    reason: "it was compiled with losses of which only some smooth labels; give --losses")
            }
            return [
                ("losses", heads.map { "\($0.name)=\($0.loss.function.rawValue)" }.joined(separator: ",")),
                ("loss-weights", heads.map { "\($0.name)=\($0.weight)" }.joined(separator: ",")),
            ] + smoothing.filter { $0 > 0 }.map { ("label-smoothing", "\($0)") }
        }
        if network.auxiliaryOutputs.isEmpty, let weights = lossWeights, weights.numbers != [1] {
            throw NetworkError(
                network: network.name, layer: nil,
                reason: "it was compiled with loss_weights, which are not supported; give --loss")
        }
        let read = try Loss(keras: loss, of: network)
        var settings: [Setting] = [("loss", read.function.rawValue)]
        if read.labelSmoothing > 0 { settings.append(("label-smoothing", "\(read.labelSmoothing)")) }
        if read.function == .huber { settings.append(("huber-delta", "\(read.settings.delta)")) }
        if read.function.isFocal {
            settings.append(("focal-gamma", "\(read.settings.gamma)"))
            if let alpha = read.settings.alpha { settings.append(("focal-alpha", "\(alpha)")) }
        }
        return settings
    }

    /// The optimizer, its hyper-parameters, its learning rate and schedule as options of a run. What would train otherwise
    /// than in Keras is refused by name.
    public func optimizerSettings(of network: Network) throws(NetworkError) -> [Setting] {
        guard let optimizer else { return [] }
        func refusal(_ reason: String) -> NetworkError {
            NetworkError(
                network: network.name, layer: nil,
                reason: "it was compiled with an optimizer that is not supported: \(reason); give --optimizer")
        }
        guard let name = optimizer["class_name"]?.string.map(Self.plainClass),
            let kind = OptimizerKind.all.first(where: { $0.type.kerasClass.lowercased() == name.lowercased() }),
            var remaining = optimizer["config"]?.object
        else {
            let known = OptimizerKind.all.map { $0.type.kerasClass }.listed("and")
            throw refusal("\(optimizer["class_name"]?.string ?? "?") is not among \(known)")
        }
        var settings: [Setting] = [("optimizer", kind.name)]
        for parameter in kind.type.kerasHyperparameters {
            let value = remaining.removeValue(forKey: parameter.kerasName)
            if let number = value?.number { settings.append((parameter.name, Self.shortest(number))) }
            if let flag = value?.bool { settings.append((parameter.name, "\(flag)")) }
        }
        for (option, kerasName) in Self.numbers {
            guard let number = remaining.removeValue(forKey: kerasName)?.number else { continue }
            settings.append((option, Self.shortest(number)))
        }
        let rate = remaining.removeValue(forKey: "learning_rate") ?? remaining.removeValue(forKey: "lr")
        if let number = rate?.number {
            settings.append(("learning-rate", Self.shortest(number)))
        } else if let rate, rate != .null {
            guard let schedule = KerasSchedule(rate) else {
                throw refusal("its learning rate \((try? rate.text()) ?? "?")")
            }
            settings += schedule.settings
        }
        // Keras 2's rate per update.
        if let decay = remaining.removeValue(forKey: "decay")?.number, decay != 0 {
            settings.append(("schedule", "\(LearningRateSchedule.inverseTime(decay: decay, every: nil))"))
        }
        if remaining["use_ema"]?.bool == true {
            // An average over the statistics of batch normalisation too, and none that weights are set back to.
            let momentum = Self.shortest(remaining["ema_momentum"]?.number ?? 0.99)
            throw refusal("its use_ema = true, which is --ema \(momentum) here")
        }
        for name in ["name", "ema_momentum", "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer"] {
            remaining[name] = nil
        }
        let unread = remaining.filter { $0.value != .null && $0.value != .bool(false) }
        if let (name, value) = unread.min(by: { $0.key < $1.key }) {
            throw refusal("its \(name) = \((try? value.text()) ?? "?")")
        }
        return settings
    }

    /// Nil where the optimizer computes what it did in the Keras that wrote the file.
    public var optimizerNote: String? {
        // Optimizers of before Keras 2.11 wrote `decay`, and no later ones do.
        guard let name = optimizer?["class_name"]?.string.map(Self.plainClass),
            ["rmsprop", "adagrad"].contains(name.lowercased()),
            let options = optimizer?["config"]?.object, options["decay"] != nil, options["momentum"]?.number ?? 0 == 0
        else { return nil }
        return
            "\(name) of before Keras 2.11 added epsilon behind the root; it goes on as that of Keras 3, with epsilon under it"
    }

    /// The names of metrics that a run does not measure.
    public var otherMetrics: [String] {
        let known = [
            "accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy", "loss",
        ]
        return Self.names(metrics).filter { !known.contains($0) }
    }

    private static let numbers = [
        ("weight-decay", "weight_decay"), ("clip-norm", "clipnorm"), ("global-clip-norm", "global_clipnorm"),
        ("clip-value", "clipvalue"),
    ]

    /// Metrics stand in lists, by output, or as objects.
    private static func names(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        if let name = value.string { return [name] }
        if let list = value.array { return list.flatMap(names) }
        guard let members = value.object else { return [] }
        guard let kerasClass = members["class_name"]?.string else {
            return members.sorted { $0.key < $1.key }.flatMap { names($0.value) }
        }
        return [members["config"]?["name"]?.string ?? members["config"]?.string ?? kerasClass]
    }

    /// tf_keras writes `Custom>AdamW` for classes that came later.
    private static func plainClass(_ name: String) -> String {
        String(name.split(separator: ">").last ?? "")
    }

    /// Keras writes single precision in double: 0.0010000000474974513.
    static func shortest(_ number: Double) -> String {
        let single = Double("\(Float(number))") ?? number
        return Float(single) == Float(number) ? "\(single)" : "\(number)"
    }
}

extension JSONValue {
    /// Of a number or a list of numbers.
    fileprivate var numbers: [Double] { number.map { [$0] } ?? array?.compactMap(\.number) ?? [] }
}

extension Optimizer {
    /// The names of hyper-parameters as options and in Keras.
    fileprivate static var kerasHyperparameters: [(name: String, kerasName: String)] {
        hyperparameters.map { ($0.name, $0.kerasName) }
    }
}
