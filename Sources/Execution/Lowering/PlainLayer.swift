import Models
import Basics

/// A layer in plain loops: single precision, row-major, the same on every engine. The planner emits it itself, unless
/// the engine has faster kernels.
protocol PlainLayer {
    /// Whether backward reads the layer's output; if not, its input.
    var keepsOutput: Bool { get }
    /// Floats of scratch memory that either pass needs.
    var scratchCount: Int { get }

    /// `parameters` in Keras's order and shapes.
    func forward(
        _ x: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>)

    /// `kept` is the input or the output. Gradients of parameters are nil if the parameters do not train; the gradient
    /// of the input is nil if it is not needed. All gradients are written, not added to.
    func backward(
        _ dy: UnsafePointer<Float>, kept: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>],
        into dx: UnsafeMutablePointer<Float>?, gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>)
}

extension PlainLayer {
    var scratchCount: Int { 0 }
}

extension Operation {
    /// What computes the operation if the engine does not; nil if every engine has kernels of its own.
    func plainLayer(samples: Int) -> (any PlainLayer)? {
        switch layer {
        case .activation(let layer) where layer.function == .softmax:
            SoftmaxLoops(rows: samples, width: outputShape.count)
        case .activation(let layer) where layer.function == .scaledTanh:
            ScaledTanhLoops(count: samples * outputShape.count)
        case .subsampling(let layer): SubsamplingLoops(layer, self, samples: samples)
        case .partialConvolution(let layer): PartialConvolutionLoops(layer, self, samples: samples)
        case .radialBasis: RadialBasisLoops(self, samples: samples)
        default: nil
        }
    }
}
