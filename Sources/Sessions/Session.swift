import Basics
import DataPipeline
import Execution
import Lowering
import MessagePassing
import Models
import Options
import Reduction

/// Makes the engine of a name, which computes with so many threads.
public typealias EngineMaker = (TrainingOptions.EngineName, _ threads: Int) throws -> any Engine

/// What every command begins with whose ranks compute together: the options in force, an engine, and the shards of this
/// rank. All ranks have the same options, engine and version.
package struct Session {
    package let options: TrainingOptions
    package let communicator: Communicator
    package let engine: any Engine
    package let partition: ShardPartition
    /// Which ranks share a node.
    package let nodes: NodeMap
    /// Which ranks share memory.
    package let sharing: MemorySharing
    /// Threads of each of the rank's readers.
    package let readers: Int

    /// Collective. Throws on all ranks if one cannot compute with the options, or if the ranks do not agree. `software` is what this
    /// rank says that it is.
    package init(
        _ options: TrainingOptions, _ communicator: Communicator, engines: EngineMaker, software: Software = .running
    ) throws {
        self.options = options
        self.communicator = communicator
        engine = try communicator.together {
            try options.validate(ranks: communicator.size)
            return try engines(options.engine, options.threads)
        }
        partition = ShardPartition(shards: options.shards, ranks: communicator.size)
        nodes = try communicator.nodeMap()
        readers =
            options.readers
            ?? Self.usualReaders(ranks: nodes.neighbours(of: communicator.rank).count, threads: options.threads)
        try communicator.agree(
            on: options.sharedFacts + software.sharedFacts + [SharedFact("engine", engine.description)])
        sharing =
            options.nodeExchange == .memory
            ? try communicator.memorySharing(nodes)
            : MemorySharing(nodes: NodeMap(labels: Array(0..<communicator.size)))
        if communicator.size > 1, sharing.nodes.nodes.count == 1 { try communicator.gatherInSharedMemory() }
    }

    /// As many as there are processors that no rank computes on: ranks that computed more slowly for their readers would
    /// gain nothing.
    private static func usualReaders(ranks: Int, threads: Int) -> Int {
        min(max(1, Processors.idle(processes: ranks, busy: threads)), mostUsualReaders)
    }

    private static let mostUsualReaders = 4

    /// This rank's.
    package var shards: Range<Int> { partition.shards(of: communicator.rank) }

    /// What results depend on beyond options: recorded in checkpoints, and compared on resume.
    package var execution: [String: String] {
        [
            "engine": engine.description, "threads": "\(options.threads)", "precision": options.precision.rawValue,
            "version": Release.version,
        ]
    }
}

/// The program of a rank and the libraries that it has loaded. Results depend on them, and each rank may have been started with
/// others.
package struct Software {
    package var version = Release.version
    package var mpiLibrary = Communicator.libraryVersion
    /// A digest of the program's file. It tells apart programs that say the same version.
    package var program = RunningProgram.digest ?? []
    package var cLibrary = RunningProgram.cLibrary

    package static var running: Software { Software() }

    fileprivate var sharedFacts: [SharedFact] {
        [
            SharedFact("dptrain version", version), SharedFact("MPI library", mpiLibrary),
            SharedFact("program", digest: program), SharedFact("C library", cLibrary),
        ]
    }
}

/// From a network to a replica: memory is planned, then there must be room for it, then it is taken. What fails on one rank
/// is thrown on all.
extension Session {
    /// What a replica computes, and on which samples.
    package typealias Work = [PlanPurpose: BatchSource]

    /// Plans for all shards that any rank meets, so that all ranks have the same arena. Collective.
    /// `trainingInputs` are the shapes of training samples, if they are not the network's. Samples are values of the node
    /// `start`.
    package func plan(
        _ network: Network, _ loss: Loss, for work: Work, trainingInputs: [Shape] = [], start: Int = 0
    ) throws -> ReplicaPlan {
        try network.requirePrecision(options.precision)
        let targets = (work[.training] ?? work.values.first)?.targetKind(for: loss) ?? .label
        var demand = ReplicaPlan.Demand(options, targets: targets, shards: shards.count)
        demand.sums = work[.training] == nil ? nil : options.shardSums(partition, rank: communicator.rank)
        let kept = work.values.reduce(0) { $0 + $1.keptBytes }
        demand.ampleMemory = Self.ampleMemory(ranks: nodes.neighbours(of: communicator.rank).count) - kept
        demand.weighted = Set(work.filter { $0.value.dataset.weights != nil }.keys)
        demand.trainingInputs = trainingInputs
        demand.start = start
        demand.activityPenalties = options.activityPenalties(of: network)
        demand.training = work[.training]?.shardSizes ?? []
        demand.evaluation = work[.evaluation]?.shardSizes ?? []
        demand.prediction = work[.prediction]?.shardSizes ?? []
        return try communicator.together { try ReplicaPlan(network, loss: loss, engine: engine, demand) }
    }

    /// A rank's part of half of what the node has left. The rest is for optimizers and other programs.
    private static func ampleMemory(ranks: Int) -> Int { (HostMemory.availableBytes ?? 0) / (2 * ranks) }

    /// The memory of this rank, as far as all commands need it: plans, readers, libraries. Readers of validation stand
    /// beside those of training, which wait meanwhile.
    package func memory(of plan: ReplicaPlan, for work: Work) -> MemoryNeed {
        var need = plan.memory
        need.reader = work.values.reduce(0) { $0 + $1.readerBytes(shards: shards) }
        need.keptSamples = work.values.reduce(0) { $0 + $1.keptBytes }
        need.libraries = MemoryNeed.libraries(for: plan.network, ranks: communicator.size)
        return need
    }

    /// Refuses a network for which the ranks' nodes have too little memory. Collective.
    @discardableResult
    package func requireMemory(for need: MemoryNeed, of network: Network) throws -> NodeMemory.Account {
        try NodeMemory.requireMemory(for: need, of: network.name, nodes, communicator)
    }

    /// Allocates the replica, in `arenas` or in arenas of its own, and sets its weights, which the ranks compare.
    /// Collective.
    package func replica(
        _ plan: ReplicaPlan, in arenas: Arenas? = nil, weights: () throws -> [[Float]]
    ) throws -> Replica {
        let (replica, fact) = try communicator.together {
            let replica = Replica(plan, arenas)
            let weights = try weights()
            try replica.setWeights(weights)
            return (replica, SharedFact("weights at the start", digestOf: weights))
        }
        // Not of the arena: ranks that share theirs would find the same in it, whatever they had.
        try communicator.agree(on: [
            SharedFact("arena layout", digestOf: replica.arena.digest),
            fact,
        ])
        return replica
    }
}

extension TrainingOptions {
    /// How a rank adds the gradients of its shards, if they may go layer by layer: not where each is rounded before it is added.
    package func shardSums(_ partition: ShardPartition, rank: Int) -> ShardSums? {
        wire == .bf16 ? nil : ShardProgram.sums(partition, rank: rank)
    }

    /// Checks what one option alone cannot show, and what this number of ranks requires.
    package func validate(ranks: Int) throws {
        try validate()
        guard ranks <= shards else {
            throw TrainingError(
                "\(ranks) ranks share only \(shards) shards, and a rank without a shard has nothing to do; "
                    + "start at most \(shards) ranks, or choose --shards \(ranks) or more")
        }
    }

    /// What ranks compare: semantic options, and `comparedTiming`.
    fileprivate var sharedFacts: [SharedFact] {
        (semantic.map { ($0.name, $0.value) } + Self.comparedTiming.map { ($0, text(of: $0) ?? "none") }).map {
            SharedFact("option --\($0.0)", $0.1)
        }
    }

    /// Options that do not change what is computed, but when the ranks exchange messages.
    package static let comparedTiming = [
        "epochs", "checkpoint-every-steps", "checkpoint-every-epochs", "bucket-size", "node-exchange", "stage", "trace",
        "trace-steps",
    ]
}

extension ReplicaPlan.Demand {
    /// What a rank with so many shards needs; the sizes of shards follow.
    package init(_ options: TrainingOptions, targets: TargetKind, shards: Int) {
        self.init()
        // One shard sees the whole batch: its statistics are the global ones.
        batchNormalization = options.shards == 1 ? .shard : options.batchNorm
        precision = options.precision
        self.targets = targets
        self.shards = shards
    }
}
