import Models
import Basics

/// A layer in plain loops: single precision, row-major, the same on every engine. The planner emits it itself, unless
/// the engine has faster kernels.
package protocol PlainLayer {
    /// What backward reads of the forward pass.
    var kept: KeptValues { get }
    /// Floats of scratch memory that either pass needs.
    var scratchCount: Int { get }

    /// `x` are the inputs. `parameters` are in Keras's order and shapes.
    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>)

    /// `kept` are the values that `kept` names. Gradients of parameters are nil if the parameters do not train; `dx` has nil
    /// for an input whose gradient is not needed. All gradients are written, not added to.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>)
}

extension PlainLayer {
    package var scratchCount: Int { 0 }
}

package enum KeptValues {
    case inputs
    /// All inputs, and last the output.
    case inputsAndOutput
    /// One value.
    case output
    case nothing
}

/// A layer's description that says which loops compute it.
package protocol PlainlyComputed: LayerDescription {
    /// Nil where every engine has kernels of its own.
    func loops(for operation: Operation, samples: Int) -> (any PlainLayer)?
}

extension Operation {
    /// What computes the operation if the engine does not; nil if every engine has kernels of its own.
    package func plainLayer(samples: Int) -> (any PlainLayer)? {
        (layer.description as? any PlainlyComputed)?.loops(for: self, samples: samples)
    }
}
