import Basics
import Models

extension ParametricReLU: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        ParametricReLULoops(self, input: operation.inputShapes[0], samples: samples)
    }
}

/// y = x above zero, alpha x below.
struct ParametricReLULoops: PlainLayer {
    private let samples: Int
    private let count: Int
    /// For each element of a sample the place of its alpha.
    private let places: [Int]
    private let alphas: Int

    init(_ layer: ParametricReLU, input: Shape, samples: Int) {
        let shape = layer.alphas(for: input)
        self.samples = samples
        (count, alphas) = (input.count, shape.count)
        places = (0..<input.count).map { element in
            var (rest, place, step) = (element, 0, 1)
            for axis in input.extents.indices.reversed() {
                if shape[axis] > 1 {
                    place += rest % input[axis] * step
                    step *= input[axis]
                }
                rest /= input[axis]
            }
            return place
        }
    }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let alpha = parameters[0]
        for sample in 0..<samples {
            let (x, y) = (x[0] + sample * count, y + sample * count)
            for i in 0..<count { y[i] = x[i] > 0 ? x[i] : alpha[places[i]] * x[i] }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let alpha = parameters[0]
        gradients[0]?.update(repeating: 0, count: alphas)
        for sample in 0..<samples {
            let (x, dy) = (kept[0] + sample * count, dy + sample * count)
            if let gradient = gradients[0] {
                for i in 0..<count where x[i] < 0 { gradient[places[i]] += dy[i] * x[i] }
            }
            guard let dx = dx[0].map({ $0 + sample * count }) else { continue }
            // The derivative at zero is zero, as TensorFlow's ReLUs have it.
            for i in 0..<count { dx[i] = dy[i] * (x[i] > 0 ? 1 : x[i] < 0 ? alpha[places[i]] : 0) }
        }
    }
}
