import Basics
import DataPipeline
import Datasets
import Lowering
import Models
import Options
import Sessions

/// The frozen layers at the beginning of a network. What they make of a sample, its features, is the same in every epoch. So it is
/// computed once, and each rank keeps that of all samples in memory.
///
/// Features are computed in the file's order, in the batches and shards of training. So they do not depend on the number of ranks.
struct FrozenBody {
    private let network: Network
    /// The node of the network whose values are the features.
    let end: Int

    init(of network: Network, _ options: TrainingOptions) throws {
        self.network = network
        end = try network.endOfFrozenBody(before: Set(options.activityPenalties(of: network).keys))
    }

    /// The shape of a sample's features.
    var features: Shape { network.shapes[end] }

    var name: String { network.nodes[end].name }

    /// Computes the features of `samples`, and fills the memory of `kept` with them. `weights` are those of the network. `progress` is
    /// told how many batches are done. Collective.
    func fill(
        _ kept: BatchSource, from samples: BatchSource, weights: [[Float]], _ session: Session,
        progress: @escaping (_ step: Int) -> Void
    ) throws {
        let (body, own) = try network.ending(withLayer: name, weights: weights)
        let work = [PlanPurpose.prediction: samples]
        // This loss absorbs no activation: the features are the layer's own.
        let plan = try session.plan(body, .meanSquaredError, for: work)
        var need = session.memory(of: plan, for: work)
        need.keptSamples += kept.keptBytes
        try session.requireMemory(for: need, of: body)
        let replica = try session.replica(plan) { own }
        let evaluator = try Evaluator(session, replica, samples)
        let width = features.count
        try kept.fillMemory { values in
            let parts = (0..<session.communicator.size).map { rank in
                let part = samples.sampler.part(of: session.partition.shards(of: rank))
                return part.lowerBound * width..<part.upperBound * width
            }
            let mine = parts[session.communicator.rank]
            try evaluator.predict(width: width, into: UnsafeMutableBufferPointer(rebasing: values[mine])) { step, _ in
                progress(step)
            }
            for (rank, part) in parts.enumerated() {
                for begin in stride(from: part.lowerBound, to: part.upperBound, by: Self.message) {
                    let piece = values[begin..<min(begin + Self.message, part.upperBound)]
                    try session.communicator.broadcast(UnsafeMutableBufferPointer(rebasing: piece), from: rank)
                }
            }
            try requireFinite(values, of: samples.dataset)
        }
    }

    /// All ranks have all features, so all of them throw.
    private func requireFinite(_ values: UnsafeMutableBufferPointer<Float>, of samples: SampleSet) throws {
        guard let start = values.baseAddress, !allFinite(start, count: values.count),
            let place = values.firstIndex(where: { !$0.isFinite })
        else { return }
        throw NetworkError(
            network: network.name, layer: nil,
            reason:
                "the frozen layers up to \(name) make \(values[place]) of row \(samples.rows[place / features.count]) "
                + "of \(samples.source.dataset.path) in \(samples.file); begin with other weights")
    }

    /// Values a message: MPI counts them in 32 bits.
    private static let message = 1 << 26
}
