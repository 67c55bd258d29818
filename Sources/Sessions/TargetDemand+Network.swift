import Checkpoints
import Datasets
import Models
import Options

/// What a network that is yet to meet its data can learn from.
extension TargetDemand {
    /// Of a run. `resumed` is its state if it goes on. Nil where the data decide.
    package init?(_ options: TrainingOptions, _ model: NamedModel?, resumed: RunState?) {
        if let resumed, model == nil {
            self.init(resumed.network, options.loss ?? resumed.loss.function)
            return
        }
        switch model {
        case .zoo(let model):
            let usual = model.loss.function
            guard let function = try? options.loss(usual: usual) else { return nil }
            self.init(function, isRegression: usual == .meanSquaredError)
        case .file(let file):
            self.init((try? options.replacingTop(of: file.network)) ?? file.network, options.loss)
        case nil: return nil
        }
    }

    /// Of a network that is known, or of its output `node`. `function`: what it is trained to minimise, if that is known too.
    package init?(_ network: Network, _ function: Loss.Function?, of node: Int? = nil) {
        let output = node ?? network.nodes.count - 1
        let isSingle = network.shapes[output].count == 1
        let activation = network.nodes[output].layer.activation
        guard let function = function ?? (isSingle ? nil : .categoricalCrossEntropy) else { return nil }
        self.init(function, isRegression: isSingle && activation != .sigmoid && activation != .softmax)
    }

    private init?(_ function: Loss.Function, isRegression: Bool) {
        switch function {
        case .sparseCategoricalCrossEntropy, .maximumAPosteriori: self = .labels
        case .categoricalCrossEntropy, .categoricalFocalCrossEntropy, .klDivergence, .categoricalHinge:
            self = .labelsOrShares
        case _ where function.isOfValues && isRegression: self = .values
        default: return nil
        }
    }
}

extension DatasetOptions {
    /// As a run needs its data. `model` is the one that the options name, and `resumed` the state of a run that goes on.
    package init(_ options: TrainingOptions, _ model: NamedModel?, resumed: RunState?) throws {
        self.init(options, demand: TargetDemand(options, model, resumed: resumed))
        let network =
            try model == nil ? resumed?.network : model?.file.map { try options.separatingOutputs(of: $0.network) }
        if let network { try take(inputsAndHeadsOf: network, options) }
    }

    /// A network with several inputs finds the samples of each, and one with heads the targets of each.
    package mutating func take(inputsAndHeadsOf network: Network, _ options: TrainingOptions) throws {
        inputs = try InputDemand.all(of: network, options)
        if !inputs.isEmpty { images = nil }
        heads = try HeadDemand.all(of: network, options)
        if !heads.isEmpty { (labels, demand) = (nil, nil) }
    }
}
