import Basics
import Execution
import Models
import Reduction
import Reporting
import Options

/// What there is to say of a run before its first step.
extension RunBegun {
    /// `notes` are those of the model's file; `warnings` those of the data, the output folder and the coordinator.
    init(_ parts: RunParts, _ resumed: ResumedState, _ notes: [String], _ warnings: [String]) {
        let (session, data, network) = (parts.session, parts.data, parts.network)
        let options = session.options
        self.init(
            model: network.name, graph: Self.graph(of: network), totalParameters: network.parameterCount,
            trainableParameters: network.trainableParameterCount, data: data.description, input: data.inputText,
            validation: data.explanation, isValidated: data.validation != nil, ranks: session.communicator.size,
            threads: options.threads,
            memory: parts.memory.description, engine: session.engine.description,
            precision: options.precision.rawValue, optimizer: options.optimizer.kind.type.kerasClass,
            batchSize: options.batchSize, shards: options.shards, epochs: options.epochs,
            stepsPerEpoch: parts.stepsPerEpoch,
            unit: network.inputShape.rank == 3 && parts.decisionsPerSample > 0 ? "images" : "samples",
            output: options.output ?? TrainingRun.defaultOutput,
            options: options.values, position: resumed.state?.position ?? .init(), resumed: resumed.explanation,
            start: parts.startLines,
            notes: notes + data.notes + Self.notes(options, network, ranks: session.communicator.size),
            warnings: resumed.warnings(session.execution) + parts.startWarnings + warnings + parts.replica.remarks
                + (session.sharing.obstacle.map { [$0] } ?? []) + Self.warnings(options, network))
    }

    private static func graph(of network: Network) -> [GraphNode] {
        network.nodes.enumerated().map { index, node in
            GraphNode(
                name: node.name, operation: node.layer.description.typeName,
                inputs: node.inputs.map { network.nodes[$0].name }, shape: network.shapes[index].extents)
        }
    }

    /// Of choices that are rarely meant.
    private static func warnings(_ options: TrainingOptions, _ network: Network) -> [String] {
        var warnings: [String] = []
        if let caveat = options.reduction.type.caveat {
            warnings.append("--reduction \(options.reduction.rawValue): \(caveat)")
        }
        let smallest = options.batchSize / options.shards
        if network.normalizesBatches, options.batchNorm == .shard, options.shards > 1, smallest < 8 {
            warnings.append(
                "batch normalisation sees only \(Figures.count(smallest, "sample")) a shard; use --batch-norm global, fewer --shards, "
                    + "or a larger --batch-size")
        }
        return warnings
    }

    /// Each shard reads all weights once more. A network of large dense layers then waits for memory.
    private static func notes(_ options: TrainingOptions, _ network: Network, ranks: Int) -> [String] {
        let samples = options.batchSize / options.shards
        guard network.parameterCount > manyParameters, samples < fewSamples, options.shards > max(ranks, 2) else {
            return []
        }
        return [
            "each of \(options.shards) shards reads all weights for \(Figures.count(samples, "sample")); a new run with "
                + "--shards \(max(ranks, 2)) would be faster"
        ]
    }

    /// Where --shards 8 took a third of the speed: VGG-16 in batches of 8.
    private static let manyParameters = 50_000_000
    private static let fewSamples = 4
}
