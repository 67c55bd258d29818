import Basics
import Execution
import Models
import Reduction

/// The memory of one rank, added up before any of it is allocated.
extension MemoryNeed {
    /// Adds what training takes beyond what all commands do: the exchange's arenas, the optimizer's slots, checkpoints.
    mutating func addTraining(of network: Network, _ exchange: ExchangePlan, slots: Int) {
        let arenas = exchange.memory
        (parameters, gradients, messages) = (arenas.parameters, arenas.gradients, arenas.messages)
        let float = MemoryLayout<Float>.stride
        optimizer = slots * exchange.ownership.count * float
        let weights = network.parameterCount * float
        // A checkpoint is the state in Keras's shapes, the file that HDF5 composes of it in memory, and that file's
        // bytes.
        let checkpoint = 3 * (weights + slots * network.trainableParameterCount * float)
        // Other ranks only have the weights to start from, before the optimizer and the reader take their memory.
        files = exchange.rank == 0 ? checkpoint : max(0, weights - optimizer - reader)
    }

    /// An estimate of the memory that libraries take and do not report, fitted to the measurements of
    /// docs/benchmarks.md: pages of program code that are first needed when kernels run, compiled kernels, and MPI's
    /// buffers for each other rank.
    static func libraries(for network: Network, ranks: Int) -> Int {
        (4 << 20) + network.nodes.count * (100 << 10) + (ranks - 1) * (256 << 10)
    }
}

extension NodeMemory.Account: CustomStringConvertible {
    package var description: String {
        let room = available == .max ? "" : "; \(ModelSummary.bytes(available)) are available"
        return "\(ModelSummary.bytes(total)) at most for \(Figures.count(ranks, "rank")) on this machine\(room)"
    }
}
