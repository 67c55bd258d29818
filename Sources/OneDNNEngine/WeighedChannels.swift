import CConvolution
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of images and one factor for each channel.
struct WeighedChannelsState {
    let input: Tensor
    /// The parameter.
    let factors: BufferID
}

/// A learned factor for each channel of images (`ChannelScale`), in kernels of our own.
extension DNNLCompiler {
    func weighedChannels(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        let x = try reorder(input, to: channelBlocks(input.layout.dimensions), layer: operation.name)
        let (y, shape) = (activation(x.layout), blocks(of: x))
        let factors = builder.plainParameter(operation.parameters[0])
        emit(partsOf: shape.blocks, reads: [x.buffer, factors], writes: [y.buffer]) { memory in
            let (x, factors, y) = (memory[x.buffer], memory.floats(factors), memory[y.buffer])
            return { blocks, _ in withUnsafePointer(to: shape) { dptrain_weigh_channels($0, blocks, x, factors, y) } }
        }
        return (y, .weighedChannels(WeighedChannelsState(input: x, factors: factors)))
    }

    func weighedChannelsBackward(
        _ operation: Operation, _ state: WeighedChannelsState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let (x, factors, shape) = (state.input, state.factors, blocks(of: state.input))
        let dy = try reorder(gradient, to: x.layout, layer: operation.name)
        let dx = wantsInput ? activation(x.layout) : nil
        let dfactors = try affineGradient(0, operation).buffer
        let writes = [dfactors] + (dx.map { [$0.buffer] } ?? [])
        emit(partsOf: shape.blocks, reads: [x.buffer, dy.buffer, factors], writes: writes) { memory in
            let (x, dy, factors) = (memory[x.buffer], memory[dy.buffer], memory.floats(factors))
            let (dx, dfactors) = (dx.map { memory[$0.buffer] }, memory.floats(dfactors))
            return { blocks, _ in
                withUnsafePointer(to: shape) {
                    dptrain_weigh_channels_gradient($0, blocks, x, factors, dy, dx, dfactors)
                }
            }
        }
        return dx
    }
}
