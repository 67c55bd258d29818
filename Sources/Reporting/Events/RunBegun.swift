import Basics
import Checkpoints
import MessagePassing

/// What a run is about to do, said once before its first step.
public struct RunBegun: Sendable {
    public let model: String
    /// The model's layers, in an order in which each comes after those that it reads.
    public let graph: [GraphNode]
    public let totalParameters: Int
    public let trainableParameters: Int
    /// In words.
    public let data: String
    /// What becomes of stored samples before the network sees them, in words.
    public let input: String
    /// What serves as validation, in words.
    public let validation: String
    public let isValidated: Bool
    public let ranks: Int
    /// Of a rank.
    public let threads: Int
    /// What the ranks of this node will take at most, in words.
    public let memory: String
    /// Library, version and instruction set.
    public let engine: String
    public let precision: String
    /// Keras's name for it.
    public let optimizer: String
    /// Samples of a step, over all ranks.
    public let batchSize: Int
    public let shards: Int
    public let epochs: Int
    public let stepsPerEpoch: Int
    /// What samples are called: images, or samples where they are rows of numbers or numbers are predicted.
    public let unit: String
    /// The output folder.
    public let output: String
    /// All options that have a value, as a configuration file has them.
    public let options: [(name: String, value: String)]
    /// Where the run goes on; for a new run its beginning.
    public let position: RunState.Position
    /// Where a resumed run goes on, in words; nil for a new one.
    public let resumed: String?
    /// Which layers have their weights from a file: a line, and those of a table.
    public let start: [String]
    /// How the data were understood, where that is not plain: a sentence each.
    public let notes: [String]
    public let warnings: [String]

    package init(
        model: String, graph: [GraphNode] = [], totalParameters: Int, trainableParameters: Int, data: String,
        input: String,
        validation: String, isValidated: Bool = true, ranks: Int,
        threads: Int, memory: String, engine: String, precision: String, optimizer: String, batchSize: Int, shards: Int,
        epochs: Int, stepsPerEpoch: Int, unit: String = "images", output: String,
        options: [(name: String, value: String)] = [],
        position: RunState.Position = RunState.Position(), resumed: String? = nil, start: [String] = [],
        notes: [String] = [],
        warnings: [String] = []
    ) {
        (self.model, self.graph) = (model, graph)
        (self.totalParameters, self.trainableParameters) = (totalParameters, trainableParameters)
        (self.data, self.input, self.validation) = (data, input, validation)
        self.isValidated = isValidated
        (self.ranks, self.threads, self.memory) = (ranks, threads, memory)
        (self.engine, self.precision, self.optimizer) = (engine, precision, optimizer)
        (self.batchSize, self.shards) = (batchSize, shards)
        (self.epochs, self.stepsPerEpoch) = (epochs, stepsPerEpoch)
        (self.unit, self.output, self.options) = (unit, output, options)
        (self.position, self.resumed) = (position, resumed)
        (self.start, self.notes, self.warnings) = (start, notes, warnings)
    }

    /// The command that goes on with the run once it has been stopped.
    var resumption: String {
        "\(MPI.command(ranks: ranks)) --output \(ShellWord.quoted(output)) --resume"
    }
}
