import Basics
import Models

extension Convolution2D: PlainlyComputed {
    /// Engines have kernels for one group; oneDNN's has them for several.
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        groups == 1 ? nil : GroupedConvolutionLoops(self, operation, samples: samples)
    }
}

/// A convolution in groups. Kernels are [height, width, input of the group, filter]: inner loops run along the filters of a group.
struct GroupedConvolutionLoops: PlainLayer {
    private let layer: Convolution2D
    private let places: WindowPlaces
    private let inputs: Int
    private let outputs: Int

    init(_ layer: Convolution2D, _ operation: Operation, samples: Int) {
        self.layer = layer
        places = WindowPlaces(layer.window, operation, samples: samples)
        (inputs, outputs) = (operation.inputShapes[0][2] / layer.groups, layer.filters / layer.groups)
    }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        places.fill(y, layer.usesBias ? parameters[1] : nil)
        places.forEach { tap, source, target in
            let (x, y, w) = (x[0] + source, y + target, parameters[0] + tap * inputs * layer.filters)
            forEachProduct { input, weights, first in
                for o in 0..<outputs { y[first + o] += x[input] * w[weights + o] }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (dx, gradient) = (dx[0], gradients[0])
        gradient?.update(repeating: 0, count: layer.window.size.count * inputs * layer.filters)
        dx?.update(repeating: 0, count: places.inputCount)
        places.forEach { tap, source, target in
            let (x, dy, kernel) = (kept[0] + source, dy + target, tap * inputs * layer.filters)
            if let gradient = gradient.map({ $0 + kernel }) {
                forEachProduct { input, weights, first in
                    for o in 0..<outputs { gradient[weights + o] += x[input] * dy[first + o] }
                }
            }
            if let dx = dx.map({ $0 + source }) {
                let w = parameters[0] + kernel
                forEachProduct { input, weights, first in
                    for o in 0..<outputs { dx[input] += w[weights + o] * dy[first + o] }
                }
            }
        }
        if layer.usesBias, let gradient = gradients[1] { places.sum(dy, into: gradient) }
    }

    /// Each input at a place of the window, where its weights begin, and the first of its group's filters.
    @inline(__always)
    private func forEachProduct(_ body: (_ input: Int, _ weights: Int, _ first: Int) -> Void) {
        for group in 0..<layer.groups {
            for i in 0..<inputs {
                body(group * inputs + i, i * layer.filters + group * outputs, group * outputs)
            }
        }
    }
}
