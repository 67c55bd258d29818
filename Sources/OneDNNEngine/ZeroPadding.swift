import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// Images with zeros around them, where no primitive after them takes the zeros as padding of its own: zeros, and a
/// reorder into the part of them that holds the image.
extension DNNLCompiler {
    func zeroPadding(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        let output = activation(try .rowMajor(samples: samples, operation.outputShape, input.layout.type))
        emitZeros(output)
        try emitReorder(input, into: inside(output, operation), layer: operation.name)
        return (output, .zeroPadding(input: input.layout))
    }

    func zeroPaddingBackward(
        _ operation: Operation, _ input: MemoryDescriptor, _ gradient: Tensor
    ) throws -> Tensor {
        let result = activation(input)
        try emitReorder(inside(gradient, operation), into: result, layer: operation.name)
        return result
    }

    /// The image inside a padded one, in the same memory.
    private func inside(_ padded: Tensor, _ operation: Operation) throws -> Tensor {
        let (image, margins) = (operation.inputShapes[0], operation.margins)
        let layout = try padded.layout.part(
            [samples, image[2], image[0], image[1]], at: [0, 0, margins.top, margins.left])
        return Tensor(buffer: padded.buffer, layout: layout)
    }
}

extension Margins2D {
    /// In oneDNN's order of axes.
    var before: [Int64] { [Int64(top), Int64(left)] }
    var after: [Int64] { [Int64(bottom), Int64(right)] }
}
