import Models

/// The bytes that a rank's replica and optimizer take, as their plans say.
public struct MemoryNeed: Sendable, Equatable {
    /// Of all shards in flight.
    public var activations = 0
    public var scratch = 0
    /// Of weights in other layouts, other types, or transformed.
    public var weightCopies = 0
    public var parameters = 0
    public var gradients = 0
    public var optimizer = 0

    public var total: Int { activations + scratch + weightCopies + parameters + gradients + optimizer }

    /// What it is made of, with the names that people and programs read.
    public var parts: [(name: String, key: String, bytes: Int)] {
        [
            ("activations", "activation_bytes", activations), ("scratch", "scratch_bytes", scratch),
            ("weight copies", "weight_copy_bytes", weightCopies),
            ("parameters", "parameter_bytes", parameters), ("gradients", "gradient_bytes", gradients),
            ("optimizer", "optimizer_bytes", optimizer),
        ].filter { $0.2 > 0 || !["weight copies", "optimizer"].contains($0.0) }
    }
}

extension MemoryNeed {
    /// To train a network on so many samples at a time, in one shard, before an optimizer adds its slots.
    public init(
        _ network: Network, samples: Int, engine: any Engine, batchNormalization: BatchNormalizationMode,
        precision: Precision
    ) throws {
        var demand = ReplicaPlan.Demand()
        demand.batchNormalization = batchNormalization
        demand.precision = precision
        demand.training = [samples]
        demand.levels = 1
        let loss = network.loss(network.usualLoss(for: .label), labelSmoothing: 0)
        self = try ReplicaPlan(network, loss: loss, engine: engine, demand).memory(slotArenas: 0)
    }
}
