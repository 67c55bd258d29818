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

    /// Of a network that is known. `function`: what it is trained to minimise, if that is known too.
    package init?(_ network: Network, _ function: Loss.Function?) {
        let isSingle = network.outputShape.count == 1
        let activation = network.nodes[network.nodes.count - 1].layer.activation
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
