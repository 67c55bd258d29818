import CDNNL
import Execution
import Lowering
import Models

/// Normalised values that are not kept for the backward pass but made again from what is kept anyway (Chen et al., Training
/// Deep Nets with Sublinear Memory Cost, 2016): those of convolutions' inputs that no cache keeps till then. It costs one
/// pass over them; docs/models.md has the figures. Only for normalisation by shard.
final class RemadeValues {
    /// Larger ones come from memory in the backward pass in any case.
    private static let keptBytes = 8 << 20
    private let savesMemory: Bool

    private var normalizations: [BufferID: (operation: Operation, state: BatchNormalizationState)] = [:]
    private var made: [BufferID: Tensor] = [:]

    init(savesMemory: Bool) { self.savesMemory = savesMemory }

    func note(_ operation: Operation, _ state: BatchNormalizationState) {
        if savesMemory, state.output.layout.byteCount > Self.keptBytes {
            normalizations[state.output.buffer] = (operation, state)
        }
    }

    /// What the backward pass reads instead of `value`: itself, where it is kept.
    func remade(
        _ value: Tensor, by make: (Operation, BatchNormalizationState) throws -> Tensor
    ) rethrows -> Tensor {
        if let known = made[value.buffer] { return known }
        guard let (operation, state) = normalizations[value.buffer] else { return value }
        let result = try make(operation, state)
        made[value.buffer] = result
        return result
    }
}
