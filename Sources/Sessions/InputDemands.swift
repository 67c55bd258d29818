import Basics
import Datasets
import Models
import Options

extension InputDemand {
    /// What the inputs of a network with several need; `options` say where they find it. Empty for one input.
    package static func all(of network: Network, _ options: TrainingOptions) throws -> [InputDemand] {
        let names = network.inputs.map { network.nodes[$0].name }
        guard names.count > 1 else {
            guard options.imagesOfInputs == nil else {
                throw OptionError(
                    "images", "\(network.name) has one input; names of inputs go with a model that has several")
            }
            return []
        }
        if options.images != nil, options.imagesOfInputs == nil {
            throw OptionError(
                "images",
                "\(network.name) has several inputs: say where the samples of each lie, "
                    + names.map { "\($0)=PATH" }.joined(separator: ","))
        }
        let paths = try options.imagesOfInputs?.values(of: names, option: "images", things: "input")
        return zip(network.inputs, names).map { node, name in
            InputDemand(
                name: name, path: paths?[node], shape: network.shapes[node], isMain: node == network.mainInput,
                isPrepared: !network.preprocessingLayers(of: node).isEmpty)
        }
    }
}
