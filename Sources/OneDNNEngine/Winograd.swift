import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// The passes of a convolution, each with an algorithm of its own.
enum ConvolutionPass {
    case forward
    case inputGradient
    case weightGradient
}

/// How a pass of a convolution is computed. Winograd's F(4x4, 3x3) takes 36 multiplications where 144 are due (Lavin and
/// Gray, Fast Algorithms for Convolutional Neural Networks, 2015): where direct kernels run at the processor's limit,
/// fewer multiplications are all that can be faster. docs/numerics.md tells how near the results are.
enum ConvolutionAlgorithm {
    case direct
    /// oneDNN's, all tiles at once.
    case libraryWinograd
    /// CConvolution's, some tiles at a time in the cache.
    case tiledWinograd
    /// CConvolution's weight gradient from pairs of pixels in bf16.
    case pairedPixels
}

extension DNNLCompiler {
    /// A function of shapes, type and processor alone, so all ranks agree. docs/benchmarks.md has the measurements behind it.
    func algorithm(
        for pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t
    ) -> ConvolutionAlgorithm {
        let (kernel, output) = (geometry.kernel, geometry.output)
        // Of a group.
        let (outputs, inputs) = (kernel[0] / geometry.groups, kernel[1])
        let suitsOwnKernels = library.hasOwnKernels && outputs % 16 == 0 && inputs % 16 == 0
        if kernel[2...] == [3, 3], geometry.strides == [1, 1], geometry.gaps == [0, 0] {
            let pixels = output[0] * output[2] * output[3]
            let isWide = type == dnnl_f32 && min(outputs, inputs) >= 32
            if suitsOwnKernels {
                if geometry.tiles >= fewestTiles(for: pass, outputs, inputs, type) { return .tiledWinograd }
            } else if isWide, geometry.groups == 1, pixels >= (pass == .weightGradient ? 384 : 768) {
                return .libraryWinograd
            }
        }
        let pairsPay = geometry.groups == 1 && min(outputs, inputs) >= 48 && outputs * inputs > 64 * 64
        return suitsOwnKernels && type == dnnl_bf16 && pass == .weightGradient && pairsPay ? .pairedPixels : .direct
    }

    /// The tiles that pay for the transformation of the kernels, as measured (docs/benchmarks.md). It never asks for more in
    /// backward passes than forward: oneDNN's backward primitives are made with the forward one at hand, which there is
    /// none of where that pass is ours.
    private func fewestTiles(
        for pass: ConvolutionPass, _ outputs: Int, _ inputs: Int, _ type: dnnl_data_type_t
    ) -> Int {
        let kernels = outputs * inputs
        switch (type, pass) {
        case (dnnl_f32, .weightGradient): return 8
        case (dnnl_f32, _): return kernels <= 128 * 128 ? 16 : 32
        case (_, .weightGradient): return 16
        case (_, .inputGradient): return 32
        case (_, .forward):
            // As exact as direct kernels, this one multiplies in single precision, at half the speed; with 16 channels, where
            // transforming takes most of the time, that is never faster.
            if min(outputs, inputs) < 32 { return .max }
            return kernels <= 256 * 256 ? 64 : 192
        }
    }
}

/// Transformed kernels as a pass reads them: the forward pass; or the input's gradient, with inputs and outputs exchanged.
private struct TransformedKernels: Hashable {
    let isTurned: Bool
    let productsAreBF16: Bool
}

extension ConvolutionGeometry {
    /// Tiles of 4x4 outputs.
    fileprivate var tiles: Int { output[0] * ((output[2] + 3) / 4) * ((output[3] + 3) / 4) }

    /// The geometry as CConvolution has it. In bf16 the backward passes multiply in it as well; the forward pass does not,
    /// so that predictions are as exact as direct kernels make them.
    fileprivate func tiled(_ pass: ConvolutionPass, _ type: dnnl_data_type_t) -> dptrain_winograd {
        dptrain_winograd(
            samples: input[0], groups: groups, inputs: input[1] / groups, outputs: output[1] / groups,
            input_height: input[2], input_width: input[3], output_height: output[2], output_width: output[3],
            padding_top: Int(paddingBefore[0]), padding_left: Int(paddingBefore[1]), bf16_images: type == dnnl_bf16,
            bf16_products: type == dnnl_bf16 && pass != .forward)
    }
}

extension DNNLCompiler {
    /// Makes oneDNN's primitive for a pass.
    func choosing(
        _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t,
        _ make: (dnnl_alg_kind_t) throws -> Primitive
    ) throws -> Primitive {
        // Where oneDNN does not have it, it says so here, and what is really wrong shows in the direct attempt.
        if algorithm(for: pass, geometry, type) == .libraryWinograd,
            let primitive = try? make(dnnl_convolution_winograd)
        {
            return primitive
        }
        return try make(dnnl_convolution_direct)
    }

    func tiledWinogradForward(
        _ operation: Operation, _ layer: Convolution2D, _ geometry: ConvolutionGeometry, _ input: Tensor
    ) throws -> ConvolutionState {
        let x = try reorder(input, to: blocked(geometry.input), layer: operation.name)
        let kernel = try parameter(
            operation.parameters[0], keras: geometry.kerasKernel(), preferred: blockedKernel(geometry))
        let (shape, rectifies) = (geometry.tiled(.forward, type), operation.activation == .relu)
        let u = try transformed(
            operation.parameters[0], kernel, geometry, shape, turned: false, layer: operation.name)
        let bias = layer.usesBias ? try vector(operation.parameters[1]).buffer : nil
        let y = activation(try blocked(geometry.output))
        emitTiles(shape, x, y, reads: [x.buffer, u] + (bias.map { [$0] } ?? [])) { shape, memory in
            let (x, u, y) = (memory[x.buffer], memory.floats(u), memory[y.buffer])
            let bias = bias.map { memory.floats($0) }
            return { samples, scratch in
                withUnsafePointer(to: shape) {
                    dptrain_winograd_forward($0, samples, x, u, bias, rectifies, y, scratch)
                }
            }
        }
        return ConvolutionState(
            primitive: nil, master: nil, forAllShards: nil, layer: layer,
            operands: ConvolutionOperands(input: x, kernel: kernel, output: y))
    }

    func tiledWinogradWeightGradient(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws {
        let shape = geometry.tiled(.weightGradient, type)
        let floats = withUnsafePointer(to: shape, dptrain_winograd_kernel_gradient_scratch)
        try emitBlockedWeightGradient(operation, state, geometry, gradient, scratch: floats) {
            blocks, x, dy, dw, db, scratch in
            withUnsafePointer(to: shape) { dptrain_winograd_kernel_gradient($0, blocks, x, dy, dw, db, scratch) }
        }
    }

    /// Emits a weight gradient by a kernel of ours, which takes images in blocks of 16 channels: `pass` gets some blocks of outputs,
    /// x, dy, the gradients of the kernel and of the bias, if there is one, and the scratch memory.
    func emitBlockedWeightGradient(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor,
        scratch: Int,
        pass:
            @escaping (
                dptrain_part, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutablePointer<Float>,
                UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?
            ) -> Void
    ) throws {
        let name = operation.name
        let x = try reorder(state.operands.input, to: blocked(geometry.input), layer: name)
        let dy = try reorder(gradient, to: blocked(geometry.output), layer: name)
        let bias = state.layer.usesBias ? try vectorGradient(operation.parameters[1]).buffer : nil
        try toArena(operation.parameters[0], state.operands.kernel.layout, blockedKernel(geometry), layer: name) { dw in
            emit(
                partsOf: geometry.output[1] / 16, scratch: scratch, reads: [x.buffer, dy.buffer],
                writes: [dw.buffer] + (bias.map { [$0] } ?? [])
            ) { memory in
                let (x, dy, dw) = (memory[x.buffer], memory[dy.buffer], memory.floats(dw.buffer))
                let db = bias.map { memory.floats($0) }
                return { blocks, scratch in pass(blocks, x, dy, dw, db, scratch) }
            }
        }
    }

    func tiledWinogradInputGradient(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws -> Tensor {
        let name = operation.name
        let dy = try reorder(gradient, to: blocked(geometry.output), layer: name)
        let shape = geometry.tiled(.inputGradient, type)
        let u = try transformed(
            operation.parameters[0], state.operands.kernel, geometry, shape, turned: true, layer: name)
        let dx = activation(try blocked(geometry.input))
        emitTiles(shape, dy, dx, reads: [dy.buffer, u]) { shape, memory in
            let (dy, u, dx) = (memory[dy.buffer], memory.floats(u), memory[dx.buffer])
            return { samples, scratch in
                withUnsafePointer(to: shape) { dptrain_winograd_input_gradient($0, samples, dy, u, dx, scratch) }
            }
        }
        return dx
    }

    /// Emits a pass from images to images. A tile is computed alike whatever the others are, so the tiles of all shards may go
    /// through it together; the transformed kernels, four times as large as the weights, are then read once.
    private func emitTiles(
        _ shape: dptrain_winograd, _ input: Tensor, _ output: Tensor, reads: [BufferID],
        bind: @escaping (dptrain_winograd, Memory) -> (dptrain_part, UnsafeMutablePointer<Float>?) -> Void
    ) {
        var all = shape
        if let sums = builder.sums, lieSideBySide(input, output) { all.samples *= sums.shards }
        let together = all
        emit(
            partsOf: shape.samples, scratch: withUnsafePointer(to: all, dptrain_winograd_scratch), reads: reads,
            writes: [output.buffer], bind: { bind(shape, $0) },
            forAllShards: together.samples > shape.samples
                ? (units: together.samples, bind: { bind(together, $0) }) : nil)
    }

    private func blocked(_ dimensions: [Int]) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dnnl_nChw16c, type)
    }

    private func blockedKernel(_ geometry: ConvolutionGeometry) throws -> MemoryDescriptor {
        try MemoryDescriptor(geometry.weights, geometry.groups == 1 ? dnnl_OIhw16i16o : dnnl_gOIhw16i16o)
    }

    /// A convolution's kernels transformed, as a pass reads them.
    private func transformed(
        _ parameter: Int, _ kernel: Tensor, _ geometry: ConvolutionGeometry, _ shape: dptrain_winograd,
        turned isTurned: Bool, layer: String
    ) throws -> BufferID {
        let form = TransformedKernels(isTurned: isTurned, productsAreBF16: shape.bf16_products)
        let w = try readable(parameter, kernel, as: blockedKernel(geometry), layer: layer)
        let floats = withUnsafePointer(to: shape, dptrain_winograd_kernel_floats)
        return builder.weightCopy(of: parameter, in: form, bytes: floats * MemoryLayout<Float>.stride) { u in
            builder.emit("reorder", reads: [w.buffer], writes: [u]) { memory in
                let (w, u) = (memory.floats(w.buffer), memory.floats(u))
                return isTurned
                    ? { _ in withUnsafePointer(to: shape) { dptrain_winograd_transform_turned_kernels($0, w, u) } }
                    : { _ in withUnsafePointer(to: shape) { dptrain_winograd_transform_kernels($0, w, u) } }
            }
        }
    }
}
