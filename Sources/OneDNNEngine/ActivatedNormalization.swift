import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// The batch normalisations of a network that apply the activation behind them in the same pass, in kernels of our own:
/// oneDNN's do so for ReLU only. The activation is then an operation that does nothing.
struct ActivatedNormalizations {
    /// By the normalisation's name.
    private let functions: [String: dptrain_activation]
    private let activations: Set<String>

    init(_ request: PlanRequest, _ library: Library) {
        var (functions, activations): ([String: dptrain_activation], Set<String>) = ([:], [])
        let network = request.network
        var readers = [Int](repeating: 0, count: network.operations.count)
        for operation in network.operations { for input in operation.inputs { readers[input] += 1 } }
        for value in network.lossValues { readers[value] += 1 }
        for operation in network.operations where library.lanes > 0 {
            guard let function = dptrain_activation(operation.layer), readers[operation.inputs[0]] == 1 else {
                continue
            }
            let source = network.operations[operation.inputs[0]]
            if Self.computes(source, request) {
                functions[source.name] = function
                activations.insert(operation.name)
            }
        }
        (self.functions, self.activations) = (functions, activations)
    }

    /// Of images, and in training by statistics of the shard.
    private static func computes(_ operation: Operation, _ request: PlanRequest) -> Bool {
        guard case .batchNormalization(let layer) = operation.layer, operation.activation == .linear,
            operation.outputShape.rank == 3
        else { return false }
        let mean = request.network.network.parameters[operation.parameters[layer.movingMean]]
        return request.purpose != .training
            || (request.batchNormalization == .shard && mean.specification.role != .frozen)
    }

    /// What a normalisation applies to its result.
    func function(of normalization: Operation) -> dptrain_activation? { functions[normalization.name] }

    /// Whether the normalisation before it applies the activation.
    func contains(_ activation: Operation) -> Bool { activations.contains(activation.name) }
}

/// What backward needs of the forward pass of a normalisation with an activation.
struct ActivatedNormalizationState {
    let layer: BatchNormalization
    let shape: dptrain_normalization
    let input: Tensor
    let mean: BufferID
    let variance: BufferID
}

extension DNNLCompiler {
    func activatedNormalization(
        _ operation: Operation, _ layer: BatchNormalization, _ function: dptrain_activation, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let x = try reorder(input, to: channelBlocks(input.layout.dimensions), layer: operation.name)
        let shape = dptrain_normalization(
            images: blocks(of: x), activation: function, epsilon: layer.epsilon, gamma: nil, beta: nil)
        guard builder.isTraining else {
            let (mean, variance) = (
                builder.plainParameter(operation.parameters[layer.movingMean]),
                builder.plainParameter(operation.parameters[layer.movingVariance])
            )
            let state = ActivatedNormalizationState(
                layer: layer, shape: shape, input: x, mean: mean, variance: variance)
            return (emitNormalization(operation, state), .nothing)
        }
        let (mean, variance) = (try channelVector(operation).buffer, try channelVector(operation).buffer)
        emit(partsOf: shape.images.blocks, reads: [x.buffer], writes: [mean, variance]) { memory in
            let (x, mean, variance) = (memory[x.buffer], memory.floats(mean), memory.floats(variance))
            return { blocks, _ in
                withUnsafePointer(to: shape.images) { dptrain_channel_moments($0, blocks, x, mean, variance) }
            }
        }
        emitMovingStatistics(operation, layer, mean, variance)
        let state = ActivatedNormalizationState(layer: layer, shape: shape, input: x, mean: mean, variance: variance)
        let y = emitNormalization(operation, state)
        remadeValues.note(y) { emitNormalization(operation, state, detail: "remade values") }
        return (y, .activatedNormalization(state))
    }

    private func emitNormalization(
        _ operation: Operation, _ state: ActivatedNormalizationState, detail: String? = nil
    ) -> Tensor {
        let (x, y) = (state.input, activation(state.input.layout))
        let (mean, variance) = (state.mean, state.variance)
        let (gamma, beta) = (
            affineParameter(state.layer.gamma, operation), affineParameter(state.layer.beta, operation)
        )
        let reads = [x.buffer, mean, variance] + [gamma, beta].compactMap(\.self)
        emit(detail, partsOf: state.shape.images.blocks, reads: reads, writes: [y.buffer]) { memory in
            let (x, y) = (memory[x.buffer], memory[y.buffer])
            let (mean, variance) = (memory.floats(mean), memory.floats(variance))
            let shape = state.shape.with(gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { blocks, _ in
                withUnsafePointer(to: shape) { dptrain_normalize($0, blocks, x, mean, variance, y) }
            }
        }
        return y
    }

    func activatedNormalizationBackward(
        _ operation: Operation, _ state: ActivatedNormalizationState, _ gradient: Tensor
    ) throws -> Tensor {
        let x = state.input
        let (dy, dx) = (try reorder(gradient, to: x.layout, layer: operation.name), activation(x.layout))
        let (mean, variance) = (state.mean, state.variance)
        let (gamma, beta) = (
            affineParameter(state.layer.gamma, operation), affineParameter(state.layer.beta, operation)
        )
        let dgamma = try affineGradient(state.layer.gamma, operation).buffer
        let dbeta = try affineGradient(state.layer.beta, operation).buffer
        let reads = [x.buffer, dy.buffer, mean, variance] + [gamma, beta].compactMap(\.self)
        emit(partsOf: state.shape.images.blocks, reads: reads, writes: [dx.buffer, dgamma, dbeta]) { memory in
            let (x, dy, dx) = (memory[x.buffer], memory[dy.buffer], memory[dx.buffer])
            let (mean, variance) = (memory.floats(mean), memory.floats(variance))
            let (dgamma, dbeta) = (memory.floats(dgamma), memory.floats(dbeta))
            let shape = state.shape.with(gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { blocks, _ in
                withUnsafePointer(to: shape) {
                    dptrain_normalization_gradient($0, blocks, x, dy, mean, variance, dx, dgamma, dbeta)
                }
            }
        }
        return dx
    }
}

extension dptrain_normalization {
    fileprivate func with(_ gamma: UnsafePointer<Float>?, _ beta: UnsafePointer<Float>?) -> dptrain_normalization {
        dptrain_normalization(images: images, activation: activation, epsilon: epsilon, gamma: gamma, beta: beta)
    }
}
