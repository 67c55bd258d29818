import Basics
import Checkpoints
import DataPipeline
import Datasets
import Execution
import KerasNetworks
import MessagePassing
import Models
import Optimization
import Reduction
import Sessions
import Tracing

/// The parts that compute the steps of a run, planned for its data and this rank. Everything that a run allocates is
/// allocated here.
package struct RunParts {
    package let session: Session
    package let data: RunData
    package let network: Network
    let loss: Loss
    /// Whether layers train that were frozen at first.
    let isUnfrozen: Bool
    package let replica: Replica
    package let reducer: Reducer
    let update: ParameterUpdate
    /// Of a run that leaves out steps whose loss or gradients are not finite.
    let gate: FiniteGate?
    /// Of a run that averages its weights.
    let averaged: AveragedWeights?
    /// Nil where no layer demands anything of its weights.
    private let constrained: ConstrainedWeights?
    /// Of a run that goes back there after such a step.
    let epochStart: EpochStart?
    package let loader: SampleLoader
    /// A digest of the weights that the run began with, if they came from a file.
    let initialWeights: String?
    /// Which layers have their weights from a file, in words.
    let startLines: [String]
    let startWarnings: [String]
    /// The memory that the ranks of this node take together.
    let memory: NodeMemory.Account

    /// For a new run. Collective.
    package init(_ session: Session) throws {
        let model = try session.communicator.together { try session.options.namedModel() }
        try self.init(session, model, resumed: nil, staged: nil)
    }

    /// Collective. `model` is the one that the options name. Model, weights and slots are those of `resumed`, or those that a
    /// new run starts from. `staged` is where the data are read from instead. `progress` is told of the features that are computed.
    init(
        _ session: Session, _ model: NamedModel?, resumed: ResumedState?, staged: StagedData?,
        _ progress: ((Double) -> Void)? = nil
    ) throws {
        let communicator = session.communicator
        var options = session.options
        if let staged { options.data = staged.path }
        let opened = try communicator.together { try OpenedData(options, model, resumed: resumed) }
        let moments = try opened.moments(session)
        let data = try communicator.together { try RunData(opened, moments, readers: session.readers) }
        let definition = try communicator.together {
            try ModelDefinition(options, model, data, resumed: resumed?.state)
        }
        let network = definition.network
        try communicator.agree(on: [
            SharedFact("data fingerprint", data.fingerprint),
            SharedFact("normalization", data.normalization.description),
            SharedFact("validation", data.explanation), SharedFact("class names", "\(data.classNames)"),
            SharedFact("model", network.name),
            SharedFact("loss", definition.loss.description),
            SharedFact("model configuration", digestOf: try network.kerasModel.text()),
        ])
        try resumed?.requireSame(data, definition)
        let body = try communicator.together {
            try options.cacheFeatures ?? false ? FrozenBody(of: network, options) : nil
        }
        try self.init(
            session, data, network, definition.loss, resumed: resumed?.state,
            isUnfrozen: resumed?.state.map { options.isUnfrozen($0.position) } ?? false,
            isFromFile: definition.weightsFile(options) != nil, body: body,
            progress
        ) {
            try resumed?.state.map { RunStart(weights: $0.trainedWeights) }
                ?? definition.start(options, data.normalization)
        }
    }

    /// `start` gives the weights; `isFromFile` says that a file has them. With a `body` the rest of the network trains on its features,
    /// and `progress` is told of their computation. Slots are those of `resumed`, or of `start`, or begin anew. Collective.
    init(
        _ session: Session, _ data: RunData, _ network: Network, _ loss: Loss, resumed: RunState?, isUnfrozen: Bool,
        isFromFile: Bool = false, initialWeights known: String? = nil, body: FrozenBody? = nil,
        _ progress: ((Double) -> Void)? = nil, start: () throws -> RunStart
    ) throws {
        let (options, communicator) = (session.options, session.communicator)
        let data = try body.map { try data.onFeatures(of: $0, options) } ?? data
        var (plan, exchangePlan, need) = try Self.planned(session, data, network, loss, start: body?.end ?? 0)
        if options.unfreezeAtEpoch != nil, !isUnfrozen {
            need.unfrozen = try Self.planned(session, data, options.unfreezing(network), loss).need.total
        }
        memory = try session.requireMemory(for: need, of: network)
        let exchange = try exchangePlan.make(communicator)
        var start = try start()
        (startLines, startWarnings) = (start.lines, start.warnings)
        if let body { try data.fillFeatures(of: body, weights: start.weights, session, progress) }
        let replica = try session.replica(plan, in: exchange.arenas) {
            defer { start.weights = [] }
            return start.weights
        }
        gate = options.onNaN ?? .stop == .stop ? nil : FiniteGate(communicator)
        let update = ParameterUpdate(
            options.algorithm,
            ParameterUpdate.Settings(
                penalties: options.penalties(of: network), clipping: options.clipping, rateFactors: options.rateFactor,
                decaysKernelsOnly: options.weightDecayOn == .kernels, lookahead: options.lookahead,
                average: options.average, checksGradients: gate == nil),
            replica, exchangePlan.ownership)
        let norms = try NormGate(update, exchangePlan.ownership, communicator, finite: gate)
        let reducer = Reducer(exchangePlan, exchange, overlap: options.overlap, gate: norms ?? gate) {
            range, gradient in
            update.apply(range, gradient: gradient)
        }
        initialWeights =
            known ?? resumed.map(\.initialWeights)
            ?? (isFromFile ? SharedFact("initial weights", digestOf: replica.parameters).value : nil)
        if let state = resumed { try Checkpointing.restore(state, replica, update) }
        if let slots = start.slots { try Checkpointing.restore(slots, replica, to: update.slots) }
        constrained = ConstrainedWeights(network.weightConstraints, replica, exchangePlan.ownership, communicator)
        averaged = update.average.map { AveragedWeights($0, replica, communicator) }
        epochStart = options.onNaN == .rollback ? EpochStart(replica, update) : nil
        if let start = resumed?.epochStart { try epochStart?.keep(start) }
        self.session = session
        self.data = data
        self.network = network
        self.loss = loss
        self.isUnfrozen = isUnfrozen
        self.replica = replica
        self.reducer = reducer
        self.update = update
        loader = SampleLoader(data.phase(ofEpoch: 0).source.input)
    }

    /// What there is to be right about in a sample: its label, each of its classes, or nothing. Of heads it is that of the first.
    var decisionsPerSample: Int { data.training.targetKind(for: loss).decisions(outputs: network.outputShape.count) }

    /// What is measured of each output of a network with several.
    var headMetrics: [HeadMetrics] { HeadMetrics.all(of: network, loss, data.training.targetKind(for: loss)) }

    /// About the size of a checkpoint: its weights and slots.
    var checkpointBytes: Int {
        let slots = session.options.algorithm.slots.count
        return (network.parameterCount + slots * network.trainableParameterCount) * MemoryLayout<Float>.stride
    }

    /// The plans of a network, and the memory that they take. Collective.
    private static func planned(
        _ session: Session, _ data: RunData, _ network: Network, _ loss: Loss, start: Int = 0
    ) throws -> (plan: ReplicaPlan, exchange: ExchangePlan, need: MemoryNeed) {
        let plan = try session.plan(network, loss, for: data.work, trainingInputs: data.trainingInputs, start: start)
        let exchange = ExchangePlan(
            session.options, plan, session.partition, rank: session.communicator.rank, session.sharing.nodes)
        // Validation reads its samples once more for predictions: with one reader after the other.
        var need = session.memory(of: plan, for: data.work.filter { $0.key != .prediction })
        need.addTraining(of: network, exchange, session.options)
        // While the statistics of an average are measured, the reader of training waits.
        if session.options.swa != nil { need.reader += data.work[.training]?.readerBytes(shards: session.shards) ?? 0 }
        return (plan, exchange, need)
    }

    var stepsPerEpoch: Int {
        let steps = data.training.sampler.steps
        return min(session.options.overfitBatches ?? session.options.stepsPerEpoch ?? steps, steps)
    }

    /// What to take from a step of the run to have the number of updates that the optimizer has made: the steps that another
    /// one made, before frozen layers began to train; less than 0 if this one has made updates before the run.
    var earlierSteps: Int {
        isUnfrozen
            ? (session.options.unfreezeAtEpoch ?? 0) * stepsPerEpoch : -(session.options.earlierUpdates ?? 0)
    }

    /// Where a traced run records; nil for others. Collective. It is made before the step, whose plans record their
    /// kernels.
    package func trace() throws -> RankTrace? {
        guard let path = session.options.trace else { return nil }
        let request = TraceRequest(path: path, steps: session.options.traceSteps)
        let buckets = reducer.buckets.buckets.count
        let shards = session.shards.count
        let trace = try RankTrace(
            request, session.communicator, spansPerStep: (replica.trainingKernels + 1) * shards + 4 * buckets + 8,
            shards: shards)
        replica.spans = trace.compute
        reducer.trace = ReductionTrace(compute: trace.compute, messages: trace.messages, buckets: buckets)
        return trace
    }

    package func step(_ trace: RankTrace?) throws -> TrainingStep {
        let options = session.options
        return try TrainingStep(
            replica, reducer, update, trace.map { loader.traced(into: $0.compute) } ?? loader, session.communicator,
            TrainingStep.Settings(
                seed: options.seed, earlierSteps: earlierSteps, weightDecay: Float(options.optimizer.weightDecay),
                onNaN: options.onNaN ?? .stop),
            gate, constrained)
    }
}
