import Basics
import Models

/// How the options vary a model of the zoo.
extension TrainingOptions {
    /// Without the values that come from the data.
    public func modelOptions(for model: ZooModel) -> ModelOptions {
        var options = ModelOptions(
            classes: classes, input: inputSize?.shape(like: model.input), hiddenUnits: hiddenUnits?.widths)
        options.shortcut = shortcut
        options.dropout = dropout.map { Float($0) }
        return options
    }

    /// The network of a file cannot be varied.
    public func requireNoVariations(of path: String) throws {
        for name in ["classes", "input-size", "shortcut", "hidden-units", "dropout"] where text(of: name) != nil {
            throw OptionError(name, "\(path) is a file, whose network is fixed: this goes with names of models only")
        }
    }
}
