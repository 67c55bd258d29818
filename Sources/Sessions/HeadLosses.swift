import Basics
import Datasets
import Execution
import Models
import Options
import Transforms

/// What a network with heads minimises.
extension TrainingOptions {
    /// The sum of the losses of all heads, each with its weight. What is not given fits the targets.
    package func loss(of network: Network, _ heads: [HeadTargets]) throws -> Loss {
        try network.requireTargets(forEachOf: heads)
        for (option, isGiven) in [
            ("huber-delta", huberDelta != nil),
            ("focal-gamma", focalGamma != nil), ("focal-alpha", focalAlpha != nil),
        ] where isGiven {
            throw OptionError(
                option, "\(network.name) has several outputs with losses of their own, which have no such option")
        }
        if losses != nil, loss != nil {
            throw OptionError("loss", "--losses says already which loss each output has; give one of them")
        }
        let names = network.headNames
        let functions = try losses?.values(of: names, option: "losses") ?? []
        let weights = try lossWeights?.values(of: names, option: "loss-weights") ?? []
        let losses = Loss(
            heads: try network.heads.enumerated().map { number, node in
                let given = functions.isEmpty ? nil : functions[number]
                let usual = network.usualLoss(for: heads[number].targetKind, of: node)
                let function = try given.map { try Loss.Function(optionText: $0, option: "losses") } ?? loss ?? usual
                let weight = weights.isEmpty ? nil : weights[number]
                return Loss.Head(
                    name: names[number], loss: smoothed(function, of: node, in: network),
                    weight: try weight.map(Self.weight) ?? 1)
            })
        guard labelSmoothing == 0 || losses.heads.contains(where: { $0.loss.labelSmoothing > 0 }) else {
            throw OptionError(
                "label-smoothing", "no output of \(network.name) has a loss whose targets can be smoothed")
        }
        return losses
    }

    /// The loss of an output, with `--label-smoothing` if it can be smoothed.
    private func smoothed(_ function: Loss.Function, of node: Int, in network: Network) -> Loss {
        // Keras's sparse cross-entropy cannot smooth; the one with one-hot rows is the same loss.
        let isSparse = labelSmoothing > 0 && function == .sparseCategoricalCrossEntropy
        let function = isSparse ? .categoricalCrossEntropy : function
        return network.loss(function, labelSmoothing: function.canSmooth ? Float(labelSmoothing) : 0, of: node)
    }

    private static func weight(_ text: String) throws(OptionError) -> Float {
        guard let weight = Float(text), weight.isFinite, weight >= 0 else {
            throw OptionError("loss-weights", "'\(text)' is not a number of at least 0")
        }
        return weight
    }

    /// A file's network, whose outputs are heads if an option speaks of them.
    package func separatingOutputs(of network: Network) throws -> Network {
        guard optionOfOutputs != nil, network.heads.isEmpty else { return network }
        if network.auxiliaryOutputs.isEmpty { try requireNoNamesOfOutputs(network.name) }
        return try network.withHeads()
    }
}

extension HeadTargets {
    /// As its loss sees them, unless they are questions of yes or no.
    package var targetKind: TargetKind { if case .label = kind { .label } else { .values } }

    /// The same for a loss.
    package func targetKind(for loss: Loss) -> TargetKind {
        if case .values(_, true) = kind, loss.function.asksEachOutput { return .flags }
        return targetKind
    }

    /// Refuses numbers that are no shares of classes, or no answers of yes or no, for a loss that takes them for such.
    fileprivate func requireShares(for function: Loss.Function, of network: String) throws(NetworkError) {
        guard case .values(_, let isMultiHot) = kind, !isMultiHot, !areShares,
            function.activation != nil || function == .klDivergence
        else { return }
        throw NetworkError(
            network: network, layer: name,
            reason:
                "its loss \(function.rawValue) takes targets from 0 to 1, but \(path) has others; choose another with --losses"
        )
    }

    /// Samples of a file that has only these targets.
    fileprivate func specification(of sample: SampleSpecification) -> SampleSpecification {
        var own = sample
        switch kind {
        case .label(let classes): own.targets = .label(classes: classes)
        case .values(let width, _): own.targets = .values(width: width)
        }
        return own
    }
}

extension HeadDemand {
    /// What the heads of a network need; `options` say where they find it.
    package static func all(of network: Network, _ options: TrainingOptions) throws -> [HeadDemand] {
        let (nodes, names) = (network.heads, network.headNames)
        guard !nodes.isEmpty else {
            try options.requireNoNamesOfOutputs(network.name)
            return []
        }
        if options.labels != nil, options.labelsOfOutputs == nil {
            throw OptionError(
                "labels",
                "\(network.name) has several outputs: say where the targets of each lie, "
                    + names.map { "\($0)=PATH" }.joined(separator: ","))
        }
        let paths = try options.labelsOfOutputs?.values(of: names, option: "labels")
        let functions = try options.losses?.values(of: names, option: "losses")
        return try nodes.enumerated().map { number, node in
            let function = try functions?[number].map { try Loss.Function(optionText: $0, option: "losses") }
            // A single output that is no probability is a number, whatever integers stand there.
            let isNumber = network.shapes[node].count == 1 && !network.givesProbabilities(node)
            return HeadDemand(
                name: names[number], path: paths?[number],
                demand: TargetDemand(network, function ?? options.loss, of: node) ?? (isNumber ? .values : nil))
        }
    }
}

extension Network {
    /// Refuses targets of another number of outputs, such as none.
    fileprivate func requireTargets(forEachOf heads: [HeadTargets]) throws(NetworkError) {
        guard heads.count == self.heads.count else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "it has \(self.heads.count) outputs that learn, but the data has targets for \(heads.count)")
        }
    }

    /// Refuses targets of heads that do not fit the outputs. `sample`: what becomes of the samples.
    package func requireTargets(_ heads: [HeadTargets], of sample: SampleSpecification, for loss: Loss) throws {
        try requireTargets(forEachOf: heads)
        guard loss.heads.count == heads.count else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "it has \(heads.count) outputs that learn, but losses for \(loss.heads.count)")
        }
        for (number, node) in self.heads.enumerated() {
            try heads[number].requireShares(for: loss.heads[number].loss.function, of: name)
            try requireTargets(
                of: heads[number].specification(of: sample), for: loss.heads[number].loss, output: node)
        }
    }
}
