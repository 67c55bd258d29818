import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a pooling in a kernel of ours.
struct LanePoolingState {
    let shape: dptrain_lane_pooling
    let input: Tensor
    let output: Tensor
    /// Where in its window each maximum was; nil for averages.
    let places: BufferID?
}

/// Poolings of pixels that are registers: of samples side by side, for which oneDNN has but a reference implementation, and in AVX2
/// also maxima of channels side by side, whose places oneDNN stores one by one.
extension DNNLCompiler {
    /// Places in a window are bytes.
    func suitsLanes(_ layer: Pooling2D, _ input: Tensor) -> Bool {
        let hasBlocks = library.lanes == 8 && input.layout.hasBlocksOfEight && input.layout.type == dnnl_f32
        return (input.layout.isSideBySide || layer.kind == .max && hasBlocks)
            && layer.window.size.height * layer.window.size.width <= 256
    }

    func lanePooling(
        _ operation: Operation, _ layer: Pooling2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let isSideBySide = input.layout.isSideBySide
        let input = isSideBySide ? input : try inChannelBlocks(input, layer: operation.name)
        let (lanes, channels) = (library.lanes, operation.outputShape[2])
        let planes =
            isSideBySide
            ? samples.dividedRoundingUp(by: lanes) * channels : samples * channels.dividedRoundingUp(by: lanes)
        let shape = dptrain_lane_pooling(operation, layer.window, planes: planes, lanes: lanes)
        let dimensions = [samples, channels, operation.outputShape[0], operation.outputShape[1]]
        let y = activation(try isSideBySide ? sampleGroups(dimensions) : channelBlocks(dimensions))
        let count = y.layout.byteCount / MemoryLayout<Float>.stride
        let places = layer.kind == .max && builder.isTraining ? builder.activation(bytes: count, of: .other) : nil
        emit(
            partsOf: shape.planes, reads: [input.buffer], writes: [y.buffer] + (places.map { [$0] } ?? [])
        ) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(y.buffer))
            let places = places.map { memory[$0].assumingMemoryBound(to: UInt8.self) }
            return layer.kind == .max
                ? { planes, _ in withUnsafePointer(to: shape) { dptrain_max_pooling($0, planes, x, y, places) } }
                : { planes, _ in withUnsafePointer(to: shape) { dptrain_average_pooling($0, planes, x, y) } }
        }
        return (y, .lanePooling(LanePoolingState(shape: shape, input: input, output: y, places: places)))
    }

    /// ReLU's backward comes first where it can, as in `poolingBackward`.
    func lanePoolingBackward(
        _ operation: Operation, _ state: LanePoolingState, _ gradient: Tensor, _ mayOverwrite: Bool
    ) throws -> Tensor {
        let isRectified = state.places != nil && state.input.isRectified
        var dy = try reorder(gradient, to: state.output.layout, layer: operation.name)
        if isRectified, let relu = ElementwiseFunction(.relu) {
            let mayOverwrite = mayOverwrite || dy.buffer != gradient.buffer
            dy = try activationBackward(operation, relu, state.output, dy, mayOverwrite)
        }
        var dx = activation(state.input.layout)
        dx.isRectified = isRectified
        let (shape, places, source, target) = (state.shape, state.places, dy.buffer, dx.buffer)
        emit(partsOf: shape.planes, reads: [source] + (places.map { [$0] } ?? []), writes: [target]) { memory in
            let (dy, dx) = (memory.floats(source), memory.floats(target))
            guard let places = places.map({ memory[$0].assumingMemoryBound(to: UInt8.self) }) else {
                return { planes, _ in
                    withUnsafePointer(to: shape) { dptrain_average_pooling_gradient($0, planes, dy, dx) }
                }
            }
            return { planes, _ in
                withUnsafePointer(to: shape) { dptrain_max_pooling_gradient($0, planes, dy, places, dx) }
            }
        }
        return dx
    }
}

extension dptrain_lane_pooling {
    init(_ operation: Operation, _ window: Window2D, planes: Int, lanes: Int) {
        let (x, y) = (operation.inputShapes[0], operation.outputShape)
        self.init(
            lanes: lanes, planes: planes, input_height: x[0], input_width: x[1],
            output_height: y[0], output_width: y[1], window_height: window.size.height,
            window_width: window.size.width, stride_height: window.stride.height, stride_width: window.stride.width,
            top: operation.margins.top, left: operation.margins.left)
    }
}
