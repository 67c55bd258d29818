import CConvolution
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a partial convolution.
struct PartialConvolutionState {
    let shape: dptrain_few_channels
    let table: ConnectionTable
    let input: Tensor
    let output: MemoryDescriptor
}

/// Convolutions along a table of connections, as convolutions of all maps with samples side by side, in whose kernels the
/// missing connections are zero. Before use the kernels are spread, and their gradients gathered after.
extension DNNLCompiler {
    func partialConvolution(
        _ operation: Operation, _ layer: PartialConvolution2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let geometry = ConvolutionGeometry(operation, layer.window, samples: samples)
        let shape = dptrain_few_channels(geometry, lanes: library.lanes)
        let table = ConnectionTable(layer, maps: shape.input_channels)
        let x = try reorder(input, to: sampleGroups(geometry.input), layer: operation.name)
        let y = activation(try sampleGroups(geometry.output))
        emitFewChannels(
            shape, x.buffer, kernel: spreadKernels(operation, table),
            bias: builder.plainParameter(operation.parameters[1]), rectifies: false, into: y.buffer)
        return (
            y, .partialConvolution(PartialConvolutionState(shape: shape, table: table, input: x, output: y.layout))
        )
    }

    func partialConvolutionBackward(
        _ operation: Operation, _ state: PartialConvolutionState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try reorder(gradient, to: state.output, layer: operation.name)
        if changes(operation.parameters[0]) {
            let spread = builder.scratch(floats: state.table.spreadCount)
            emitFewChannelWeightGradient(
                state.shape, state.input.buffer, gradient: dy.buffer, into: spread,
                bias: builder.gradient(of: operation.parameters[1]))
            let (target, table) = (builder.gradient(of: operation.parameters[0]), state.table)
            builder.emit(reads: [spread], writes: [target]) { memory in
                let (spread, target) = (memory.floats(spread), memory.floats(target))
                return { _ in table.gather(spread, into: target) }
            }
        }
        guard wantsInput else { return nil }
        let dx = activation(state.input.layout)
        emitFewChannelInputGradient(
            state.shape, gradient: dy.buffer, kernel: spreadKernels(operation, state.table), into: dx.buffer)
        return dx
    }

    private func spreadKernels(_ operation: Operation, _ table: ConnectionTable) -> BufferID {
        let kernel = builder.plainParameter(operation.parameters[0])
        let bytes = table.spreadCount * MemoryLayout<Float>.stride
        return builder.weightCopy(of: operation.parameters[0], in: table, bytes: bytes) { spread in
            builder.emit(reads: [kernel], writes: [spread]) { memory in
                let (kernel, spread) = (memory.floats(kernel), memory.floats(spread))
                return { _ in table.spread(kernel, into: spread) }
            }
        }
    }
}

/// Where the kernels of connections, [height, width, connection], are among those of all pairs of maps, [height, width,
/// input map, output map].
struct ConnectionTable: Hashable {
    private let taps: Int
    private let pairs: Int
    private let places: [Int]

    init(_ layer: PartialConvolution2D, maps: Int) {
        let outputs = layer.connections.count
        taps = layer.window.size.count
        pairs = maps * outputs
        places = layer.connections.enumerated().flatMap { output, inputs in inputs.map { $0 * outputs + output } }
    }

    var spreadCount: Int { taps * pairs }

    func spread(_ kernel: UnsafePointer<Float>, into spread: UnsafeMutablePointer<Float>) {
        spread.update(repeating: 0, count: spreadCount)
        for tap in 0..<taps {
            let (kernel, spread) = (kernel + tap * places.count, spread + tap * pairs)
            for connection in places.indices { spread[places[connection]] = kernel[connection] }
        }
    }

    func gather(_ spread: UnsafePointer<Float>, into kernel: UnsafeMutablePointer<Float>) {
        for tap in 0..<taps {
            let (kernel, spread) = (kernel + tap * places.count, spread + tap * pairs)
            for connection in places.indices { kernel[connection] = spread[places[connection]] }
        }
    }
}
