import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a product of images and factors for their channels.
struct ScaledChannelsState {
    let images: Tensor
    let factors: Tensor
    /// The number of the input that is the images.
    let place: Int
}

/// Products of [H, W, C] and [1, 1, C], as squeeze-and-excitation has them.
extension DNNLCompiler {
    /// Which input is the images; nil for other products.
    func imagesScaledByChannel(_ operation: Operation) -> Int? {
        guard case .plain(let layer as Merge) = operation.layer, layer.kind == .multiply, library.lanes > 0 else {
            return nil
        }
        let (shapes, output) = (operation.inputShapes, operation.outputShape)
        guard shapes.count == 2, output.rank == 3 else { return nil }
        let factors: Shape = [1, 1, output[2]]
        return [0, 1].first { shapes[$0] == output && shapes[1 - $0] == factors }
    }

    func scaledChannels(
        _ operation: Operation, _ inputs: [Tensor], images place: Int
    ) throws -> (output: Tensor, saved: Saved) {
        let (x, factors) = (
            try reorder(inputs[place], to: channelBlocks(inputs[place].layout.dimensions), layer: operation.name),
            try reorder(
                inputs[1 - place], to: channelBlocks(inputs[1 - place].layout.dimensions), layer: operation.name)
        )
        let y = emitScaledChannels(x, factors)
        if builder.isTraining {
            remadeValues.note(y) {
                emitScaledChannels(try remadeValues.keptOrRemade(x), factors, detail: "remade values")
            }
        }
        return (y, .scaledChannels(ScaledChannelsState(images: x, factors: factors, place: place)))
    }

    private func emitScaledChannels(_ x: Tensor, _ factors: Tensor, detail: String? = nil) -> Tensor {
        let (y, shape) = (activation(x.layout), blocks(of: x))
        emit(detail, partsOf: shape.blocks, reads: [x.buffer, factors.buffer], writes: [y.buffer]) { memory in
            let (x, factors, y) = (memory[x.buffer], memory[factors.buffer], memory[y.buffer])
            return { blocks, _ in withUnsafePointer(to: shape) { dptrain_scale_channels($0, blocks, x, factors, y) } }
        }
        return y
    }

    func scaledChannelsBackward(
        _ operation: Operation, _ state: ScaledChannelsState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let wantsFactors = wanted[1 - state.place]
        let x = wantsFactors ? try remadeValues.keptOrRemade(state.images) : state.images
        let (factors, shape) = (state.factors, blocks(of: state.images))
        let dy = try reorder(gradient, to: x.layout, layer: operation.name)
        let dx = wanted[state.place] ? activation(x.layout) : nil
        let dfactors = wantsFactors ? activation(factors.layout) : nil
        let reads = [dy.buffer, factors.buffer] + (wantsFactors ? [x.buffer] : [])
        emit(partsOf: shape.blocks, reads: reads, writes: [dx, dfactors].compactMap { $0?.buffer }) { memory in
            let (x, dy, factors) = (memory[x.buffer], memory[dy.buffer], memory[factors.buffer])
            let (dx, dfactors) = (dx.map { memory[$0.buffer] }, dfactors.map { memory[$0.buffer] })
            return { blocks, _ in
                withUnsafePointer(to: shape) {
                    dptrain_scale_channels_gradient($0, blocks, x, factors, dy, dx, dfactors)
                }
            }
        }
        return state.place == 0 ? [dx, dfactors] : [dfactors, dx]
    }
}
