import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a normalisation of each pixel's channels.
struct FeatureNormalizationState {
    let layer: FeatureNormalization
    let shape: dptrain_feature_normalization
    let input: Tensor
}

/// Layer normalisation of images, and of sequences, which are images of one row here, in kernels of our own.
extension DNNLCompiler {
    func normalizesPixels(_ layer: FeatureNormalization, _ operation: Operation) -> Bool {
        layer.span == .lastAxis && operation.outputShape.rank == 3 && library.lanes > 0
    }

    func featureNormalization(
        _ operation: Operation, _ layer: FeatureNormalization, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let x = try reorder(input, to: channelBlocks(input.layout.dimensions), layer: operation.name)
        let y = activation(x.layout)
        let shape = dptrain_feature_normalization(
            images: blocks(of: x), channels: operation.outputShape[2], epsilon: layer.epsilon, gamma: nil, beta: nil)
        let (gamma, beta) = (affineParameter(layer.gamma, operation), affineParameter(layer.beta, operation))
        emit(
            partsOf: samples, reads: [x.buffer] + [gamma, beta].compactMap(\.self), writes: [y.buffer]
        ) { memory in
            let (x, y) = (memory[x.buffer], memory[y.buffer])
            let shape = shape.with(gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { samples, _ in withUnsafePointer(to: shape) { dptrain_normalize_features($0, samples, x, y) } }
        }
        return (y, .featureNormalization(FeatureNormalizationState(layer: layer, shape: shape, input: x)))
    }

    func featureNormalizationBackward(
        _ operation: Operation, _ state: FeatureNormalizationState, _ gradient: Tensor
    ) throws -> Tensor {
        let (x, shape, layer) = (state.input, state.shape, state.layer)
        let (dy, dx) = (try reorder(gradient, to: x.layout, layer: operation.name), activation(x.layout))
        let (gamma, beta) = (affineParameter(layer.gamma, operation), affineParameter(layer.beta, operation))
        let dgamma = try affineGradient(layer.gamma, operation).buffer
        let dbeta = try affineGradient(layer.beta, operation).buffer
        let reads = [x.buffer, dy.buffer] + [gamma, beta].compactMap(\.self)
        guard library.threads == 1 else {
            emitInTwoSteps(shape, x, dy, dx, gamma: gamma, beta: beta, dgamma: dgamma, dbeta: dbeta)
            return dx
        }
        builder.emit(reads: reads, writes: [dx.buffer, dgamma, dbeta]) { memory in
            let (x, dy, dx) = (memory[x.buffer], memory[dy.buffer], memory[dx.buffer])
            let (dgamma, dbeta) = (memory.floats(dgamma), memory.floats(dbeta))
            let shape = shape.with(gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { _ in
                withUnsafePointer(to: shape) {
                    dptrain_feature_normalization_gradient($0, x, dy, dx, dgamma, dbeta)
                }
            }
        }
        return dx
    }

    /// Samples have gradients of their own, parameters have sums over all samples: threads share the first by samples, and the
    /// second by channels.
    private func emitInTwoSteps(
        _ shape: dptrain_feature_normalization, _ x: Tensor, _ dy: Tensor, _ dx: Tensor, gamma: BufferID?,
        beta: BufferID?, dgamma: BufferID, dbeta: BufferID
    ) {
        let moments = builder.scratch(floats: 2 * shape.images.samples * shape.images.pixels)
        let reads = [x.buffer, dy.buffer] + [gamma, beta].compactMap(\.self)
        emit(partsOf: shape.images.samples, reads: reads, writes: [dx.buffer, moments]) { memory in
            let (x, dy, dx) = (memory[x.buffer], memory[dy.buffer], memory[dx.buffer])
            let moments = memory.floats(moments)
            let shape = shape.with(gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { samples, _ in
                withUnsafePointer(to: shape) { dptrain_feature_input_gradient($0, samples, x, dy, dx, moments) }
            }
        }
        emit(partsOf: shape.images.blocks, reads: [x.buffer, dy.buffer, moments], writes: [dgamma, dbeta]) { memory in
            let (x, dy, moments) = (memory[x.buffer], memory[dy.buffer], memory.floats(moments))
            let (dgamma, dbeta) = (memory.floats(dgamma), memory.floats(dbeta))
            return { blocks, _ in
                withUnsafePointer(to: shape) {
                    dptrain_feature_parameter_gradient($0, blocks, x, dy, moments, dgamma, dbeta)
                }
            }
        }
    }
}

extension dptrain_feature_normalization {
    fileprivate func with(
        _ gamma: UnsafePointer<Float>?, _ beta: UnsafePointer<Float>?
    ) -> dptrain_feature_normalization {
        dptrain_feature_normalization(
            images: images, channels: channels, epsilon: epsilon, gamma: gamma, beta: beta)
    }
}
