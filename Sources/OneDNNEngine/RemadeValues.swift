import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// Values that are not kept for the backward pass but made again from what is kept anyway (Chen et al., Training Deep Nets
/// with Sublinear Memory Cost, 2016): inputs of convolutions that a normalisation or a product has made, and that no cache
/// keeps till then. It costs one pass over them; docs/models.md has the figures. Only for normalisation by shard.
final class RemadeValues {
    /// Larger ones come from memory in the backward pass in any case.
    private static let keptBytes = 8 << 20
    private let savesMemory: Bool

    private var makers: [BufferID: () throws -> Tensor] = [:]
    private var made: [BufferID: Tensor] = [:]

    init(savesMemory: Bool) { self.savesMemory = savesMemory }

    /// `make` emits what makes the value again.
    func note(_ value: Tensor, make: @escaping () throws -> Tensor) {
        if savesMemory, value.layout.byteCount > Self.keptBytes { makers[value.buffer] = make }
    }

    /// What the backward pass reads instead of `value`: itself, where it is kept.
    func keptOrRemade(_ value: Tensor) throws -> Tensor {
        if let known = made[value.buffer] { return known }
        guard let make = makers[value.buffer] else { return value }
        var result = try make()
        result.isRectified = value.isRectified
        made[value.buffer] = result
        return result
    }
}
