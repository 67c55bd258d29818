import Basics
import Execution
import Lowering
import Models

/// Turns operations into kernels on row-major tensors. The layer families are extensions in files of their own.
struct BLASCompiler: LayerCompiler {
    /// [samples, width] floats; images are [samples, height, width, channels].
    struct Tensor {
        let buffer: BufferID
        /// Floats of one sample.
        let width: Int
    }

    struct Saved {
        let input: BufferID
        let output: BufferID
        /// Where the maxima of a pooling were, or the statistics of a normalised batch.
        var notes: BufferID?
    }

    let builder: PlanBuilder

    var samples: Int { builder.samples }

    func tensor(_ buffer: BufferID, _ shape: Shape) -> Tensor { Tensor(buffer: buffer, width: shape.count) }
    func plain(_ tensor: Tensor) -> BufferID { tensor.buffer }
    func buffer(of tensor: Tensor) -> BufferID { tensor.buffer }

    /// Memory for a value that an operation makes.
    func newTensor(_ width: Int) -> Tensor {
        Tensor(buffer: builder.activation(floats: samples * width), width: width)
    }

    func forward(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        switch operation.layer {
        case .dense, .convolution: emitAffine(operation, inputs[0])
        case .zeroPadding: emitMoves(FramedRows(operation, samples: samples), operation, inputs[0])
        case .pooling(let layer): emitPooling(layer, operation, inputs[0])
        case .globalAveragePooling: emitGlobalAverage(operation, inputs[0])
        case .batchNormalization(let layer): emitNormalization(layer, operation, inputs[0])
        case .activation(let layer): emitActivation(layer.function, inputs[0])
        case .add: emitSum(operation, inputs)
        case .scale(let layer): emitScale(layer, operation, inputs)
        case .concatenate: emitConcatenation(operation, inputs)
        case .localResponseNormalization(let layer): emitResponseNormalization(layer, operation, inputs[0])
        case .upSampling(let layer): emitMoves(RepeatedPixels(layer, operation, samples: samples), operation, inputs[0])
        case .identityShortcut(let layer):
            emitMoves(KeptPixels(layer, operation, samples: samples), operation, inputs[0])
        case .flatten: (inputs[0], Saved(input: inputs[0].buffer, output: inputs[0].buffer))
        case .input, .dropout, .subsampling, .partialConvolution, .plain: throw unsupported(operation)
        }
    }

    func backward(
        _ operation: Operation, _ saved: Saved, gradient: Tensor, mayOverwrite: Bool, wanted: [Bool]
    ) throws -> [Tensor?] {
        let arriving = Gradient(tensor: gradient, mayOverwrite: mayOverwrite)
        let gradient = emitDerivative(operation.activation, of: saved.output, arriving)
        switch operation.layer {
        case .dense, .convolution: return [emitAffineBackward(operation, saved, gradient.tensor, wanted: wanted[0])]
        case .zeroPadding:
            return [emitMovesBackward(FramedRows(operation, samples: samples), operation, gradient.tensor)]
        case .pooling(let layer): return [emitPoolingBackward(layer, operation, saved, gradient.tensor)]
        case .globalAveragePooling: return [emitGlobalAverageBackward(operation, gradient.tensor)]
        case .batchNormalization(let layer):
            return [emitNormalizationBackward(layer, operation, saved, gradient, wanted: wanted[0])]
        case .activation(let layer): return [emitDerivative(layer.function, of: saved.output, gradient).tensor]
        case .add: return wanted.map { $0 ? gradient.tensor : nil }
        case .scale(let layer): return emitScaleBackward(layer, gradient.tensor, wanted: wanted)
        case .concatenate: return emitConcatenationBackward(operation, gradient.tensor, wanted: wanted)
        case .localResponseNormalization(let layer):
            return [emitResponseNormalizationBackward(layer, operation, saved, gradient.tensor)]
        case .upSampling(let layer):
            return [emitMovesBackward(RepeatedPixels(layer, operation, samples: samples), operation, gradient.tensor)]
        case .identityShortcut(let layer):
            return [emitMovesBackward(KeptPixels(layer, operation, samples: samples), operation, gradient.tensor)]
        case .flatten: return [gradient.tensor]
        case .input, .dropout, .subsampling, .partialConvolution, .plain: throw unsupported(operation)
        }
    }

    /// Whether a step computes the parameter's gradient, or the sums of its statistic.
    func changes(_ parameter: Int) -> Bool { builder.network.parameters[parameter].specification.role != .frozen }

    /// A gradient on its way back, and whether others still need it as it is.
    struct Gradient {
        let tensor: Tensor
        let mayOverwrite: Bool
    }

    private func unsupported(_ operation: Operation) -> EngineError {
        EngineError(
            engine: "blas", layer: operation.name, operation: operation.kind,
            reason: "this operation is the planner's own")
    }
}
