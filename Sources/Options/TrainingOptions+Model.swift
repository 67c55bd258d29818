import Basics
import Models
import ModelZoo

/// How the options vary a model of the zoo.
extension TrainingOptions {
    /// Without the values that come from the data.
    public func modelOptions(for model: ZooModel) -> ModelOptions {
        var options = ModelOptions(
            classes: classes, input: inputSize?.shape(like: model.input), hiddenUnits: hiddenUnits?.widths)
        options.shortcut = shortcut
        options.dropout = dropout.map { Float($0) }
        options.stochasticDepth = stochasticDepth.map { Float($0) }
        options.zeroInitializesResiduals = zeroInitResidual ?? false
        return options
    }

    /// Checks what one option of transfer learning alone cannot show.
    func validateTransfer() throws {
        guard freeze == nil || trainOnly == nil else {
            throw OptionError("train-only", "--freeze says already which layers train; give one of them")
        }
        guard replaceTop == nil || classes == nil else {
            throw OptionError("classes", "--replace-top says already how many classes there are; give one of them")
        }
        if unfreezeAtEpoch == nil, let given = ["unfreeze", "unfreeze-rate"].first(where: { text(of: $0) != nil }) {
            throw OptionError(given, "it goes with --unfreeze-at-epoch")
        }
        guard !(layerPenalties ?? false) || l2 == 0 else {
            throw OptionError("l2", "--layer-penalties says already which penalty each layer has; give one of them")
        }
        guard cacheFeatures ?? false else { return }
        let changing = ["augment", "size-schedule", "unfreeze-at-epoch"].first { text(of: $0) != nil }
        if let given = changing ?? (validation.isRedrawn ? "validation redrawn" : nil) {
            throw OptionError(
                "cache-features", "with --\(given) features would change from epoch to epoch; leave one of them out")
        }
    }

    /// Whether a new run goes on with the optimizer of its model's file.
    package var takesOptimizerState: Bool { earlierUpdates ?? 0 > 0 && optionBesideOptimizerState == nil }

    /// The first option that gives a model other weights than its file's, or others to train: the state of the file's optimizer
    /// is not for them.
    package var optionBesideOptimizerState: String? {
        ["weights", "init-from", "replace-top", "freeze", "train-only"].first { text(of: $0) != nil }
    }

    /// `network` with its classifier replaced, as the options say.
    package func replacingTop(of network: Network) throws -> Network {
        try replaceTop.map { try network.replacingTop(classes: $0) } ?? network
    }

    /// `network` with the layers frozen that the options name, and unfrozen again if the run has come so far.
    package func freezing(_ network: Network, isUnfrozen: Bool) throws -> Network {
        for (patterns, option) in [(freeze, "freeze"), (trainOnly, "train-only"), (unfreeze, "unfreeze")] {
            if let patterns { try network.requireLayers(patterns, option: option) }
        }
        for (patterns, _) in rateFactor?.factors ?? [] { try network.requireLayers(patterns, option: "rate-factor") }
        var frozen = network
        if let trainOnly { frozen = try network.training { trainOnly.fit($0.name) } }
        if let freeze { frozen = try network.training { $0.isTrainable && !freeze.fit($0.name) } }
        guard unfreezeAtEpoch != nil else { return frozen }
        let unfrozen = try unfreezing(frozen)
        guard unfrozen != frozen else {
            throw OptionError("unfreeze-at-epoch", "no layer of \(network.name) is frozen that would then train")
        }
        return isUnfrozen ? unfrozen : frozen
    }

    /// `network` as it is from --unfreeze-at-epoch on.
    package func unfreezing(_ network: Network) throws -> Network {
        try network.training { $0.isTrainable || unfreeze?.fit($0.name) ?? true }
    }

    /// The network of a file cannot be varied; `--input-size` gives sizes that the file leaves open.
    public func requireNoVariations(of path: String) throws {
        for name in ["classes", "shortcut", "hidden-units", "dropout", "stochastic-depth"] where text(of: name) != nil {
            throw OptionError(name, "\(path) is a file, whose network is fixed: this goes with names of models only")
        }
    }
}
