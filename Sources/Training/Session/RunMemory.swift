import Basics
import DataPipeline
import Execution
import Models
import Reduction

/// The memory of one rank of a training run, added up before any of it is allocated.
extension MemoryNeed {
    init(
        _ plan: ReplicaPlan, _ exchange: ExchangePlan, _ options: TrainingOptions, _ data: RunData,
        _ sampler: Sampler, _ network: Network
    ) {
        self = plan.memory
        let arenas = exchange.memory
        (parameters, gradients, messages) = (arenas.parameters, arenas.gradients, arenas.messages)
        let float = MemoryLayout<Float>.stride
        let slots = options.algorithm.slots.count
        optimizer = slots * exchange.ownership.count * float
        let shards = exchange.partition.shards(of: exchange.rank)
        reader = BatchReader.bytes(data.train, data.input.transforms, sampler, shards: shards)
        if let validation = data.validation, let input = data.validationInput {
            // It reads beside the reader of training samples, which waits meanwhile.
            let batches = Sampler(validation, batch: options.batchSize, shards: options.shards, seed: nil)
            reader += BatchReader.bytes(validation, input.transforms, batches, shards: shards)
        }
        let weights = network.parameterCount * float
        // A checkpoint is the state in Keras's shapes, the file that HDF5 composes of it in memory, and that file's
        // bytes.
        let checkpoint = 3 * (weights + slots * network.trainableParameterCount * float)
        // Other ranks only have the weights to start from, before the optimizer and the reader take their memory.
        files = exchange.rank == 0 ? checkpoint : max(0, weights - optimizer - reader)
        libraries = Self.libraries(for: network, ranks: exchange.partition.ranks)
    }

    /// An estimate of the memory that libraries take and do not report, fitted to the measurements of
    /// docs/benchmarks.md: pages of program code that are first needed when kernels run, compiled kernels, and MPI's
    /// buffers for each other rank.
    package static func libraries(for network: Network, ranks: Int) -> Int {
        (4 << 20) + network.nodes.count * (100 << 10) + (ranks - 1) * (256 << 10)
    }
}

extension NodeMemory.Account: CustomStringConvertible {
    package var description: String {
        let room = available == .max ? "" : "; \(ModelSummary.bytes(available)) are available"
        return "\(ModelSummary.bytes(total)) at most for \(Figures.count(ranks, "rank")) on this machine\(room)"
    }
}
