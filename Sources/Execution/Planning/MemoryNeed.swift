import Models

/// The bytes that a rank will take, according to the plans of its parts, beyond those its process has while it plans.
public struct MemoryNeed: Sendable, Equatable {
    /// Of all shards in flight.
    public var activations = 0
    public var scratch = 0
    /// Of weights in other layouts, other types, or transformed.
    public var weightCopies = 0
    public var parameters = 0
    public var gradients = 0
    public var optimizer = 0
    /// Of buffers that gradients and weights travel through.
    public var messages = 0
    /// Of samples that are read ahead.
    public var reader = 0
    /// Of samples that stay in memory.
    public var keptSamples = 0
    /// Of weights and optimizer state as files hold them, while they are read or a checkpoint is composed.
    public var files = 0
    /// Of libraries, which do not report their memory: compiled kernels, MPI's own buffers.
    public var libraries = 0

    /// Of the run with which this one goes on when frozen layers begin to train: all of the above once more.
    public var unfrozen = 0

    public var total: Int { parts.reduce(0) { $0 + $1.bytes } }

    /// Its parts, with the names that people and programs read.
    public var parts: [(name: String, key: String, bytes: Int)] {
        [
            ("activations", "activation_bytes", activations), ("scratch", "scratch_bytes", scratch),
            ("weight copies", "weight_copy_bytes", weightCopies),
            ("parameters", "parameter_bytes", parameters), ("gradients", "gradient_bytes", gradients),
            ("optimizer", "optimizer_bytes", optimizer), ("messages", "message_bytes", messages),
            ("reader", "reader_bytes", reader), ("kept samples", "kept_sample_bytes", keptSamples),
            ("files", "file_bytes", files),
            ("libraries", "library_bytes", libraries), ("unfrozen layers", "unfrozen_bytes", unfrozen),
        ].filter { $0.2 > 0 || ["activations", "scratch", "parameters", "gradients"].contains($0.0) }
    }
}
