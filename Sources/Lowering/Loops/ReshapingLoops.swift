import Basics
import Models

extension Reshape: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        MoveLoops(samples: samples, input: operation.inputShapes[0], output: [operation.outputShape.count], steps: [1])
    }
}

extension Permute: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let input = operation.inputShapes[0]
        /// Elements between neighbours along each axis of the input.
        let steps = input.extents.indices.map { axis in input.extents[(axis + 1)...].reduce(1, *) }
        return MoveLoops(
            samples: samples, input: input, output: order.map { input[$0] }, steps: order.map { steps[$0] })
    }
}

extension Cropping2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let input = operation.inputShapes[0]
        return MoveLoops(
            samples: samples, input: input, output: operation.outputShape.extents,
            steps: [input[1] * input[2], input[2], 1], first: (margins.top * input[1] + margins.left) * input[2])
    }
}

/// Elements of the input taken in another order, each at most once.
struct MoveLoops: PlainLayer {
    private let samples: Int
    /// Elements of a sample.
    private let input: Int
    /// The last three axes.
    private let output: [Int]
    /// Elements of the input between neighbours of the output along each of them.
    private let steps: [Int]
    /// For each choice of places along the axes before these, what it adds to the place in the input.
    private let leading: [Int]
    /// The element of the input that is the output's first.
    private let first: Int

    /// `output` and `steps` are of all axes.
    init(samples: Int, input: Shape, output: [Int], steps: [Int], first: Int = 0) {
        self.samples = samples
        self.input = input.count
        self.first = first
        let missing = max(0, 3 - output.count)
        self.output = [Int](repeating: 1, count: missing) + output.suffix(3)
        self.steps = [Int](repeating: 0, count: missing) + steps.suffix(3)
        leading = zip(output.dropLast(3), steps.dropLast(3)).reduce([0]) { places, axis in
            places.flatMap { place in (0..<axis.0).map { place + $0 * axis.1 } }
        }
    }

    var kept: KeptValues { .nothing }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        forEachRow { place, start in for i in 0..<output[2] { y[place + i] = x[start + i * steps[2]] } }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        dx.update(repeating: 0, count: samples * input)
        forEachRow { place, start in for i in 0..<output[2] { dx[start + i * steps[2]] = dy[place + i] } }
    }

    /// Each row along the output's last axis: where it begins, and its first element in the input.
    @inline(__always)
    private func forEachRow(_ body: (_ place: Int, _ start: Int) -> Void) {
        var place = 0
        for sample in 0..<samples {
            for part in leading {
                for i in 0..<output[0] {
                    for j in 0..<output[1] {
                        body(place, sample * input + first + part + i * steps[0] + j * steps[1])
                        place += output[2]
                    }
                }
            }
        }
    }
}

extension GlobalPooling2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        GlobalPoolingLoops(kind: kind, samples: samples, image: operation.inputShapes[0])
    }
}

/// The maximum or mean of each channel. Equal maxima share the gradient.
struct GlobalPoolingLoops: PlainLayer {
    private let kind: Pooling2D.Kind
    private let samples: Int
    private let pixels: Int
    private let channels: Int

    init(kind: Pooling2D.Kind, samples: Int, image: Shape) {
        (self.kind, self.samples) = (kind, samples)
        (pixels, channels) = (image[0] * image[1], image[2])
    }

    var kept: KeptValues { kind == .max ? .inputs : .nothing }
    /// A maximum, and how often it occurs, for each channel.
    var scratchCount: Int { 2 * channels }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<samples {
            let (x, y) = (x[0] + sample * pixels * channels, y + sample * channels)
            if kind == .max {
                findMaxima(of: x, into: y)
            } else {
                y.update(repeating: 0, count: channels)
                for pixel in 0..<pixels { for c in 0..<channels { y[c] += x[pixel * channels + c] } }
                for c in 0..<channels { y[c] /= Float(pixels) }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let gradient = dx[0] else { return }
        let (maxima, counts) = (scratch, scratch + channels)
        for sample in 0..<samples {
            let first = sample * pixels * channels
            let (dy, dx) = (dy + sample * channels, gradient + first)
            guard kind == .max else {
                for pixel in 0..<pixels { for c in 0..<channels { dx[pixel * channels + c] = dy[c] / Float(pixels) } }
                continue
            }
            let x = kept[0] + first
            findMaxima(of: x, into: maxima)
            counts.update(repeating: 0, count: channels)
            for pixel in 0..<pixels {
                for c in 0..<channels where x[pixel * channels + c] == maxima[c] { counts[c] += 1 }
            }
            for pixel in 0..<pixels {
                for c in 0..<channels {
                    let place = pixel * channels + c
                    dx[place] = x[place] == maxima[c] ? dy[c] / counts[c] : 0
                }
            }
        }
    }

    private func findMaxima(of x: UnsafePointer<Float>, into maxima: UnsafeMutablePointer<Float>) {
        maxima.update(from: x, count: channels)
        for pixel in 1..<max(pixels, 1) {
            // A NaN stays one.
            for c in 0..<channels where !(x[pixel * channels + c] <= maxima[c]) && !maxima[c].isNaN {
                maxima[c] = x[pixel * channels + c]
            }
        }
    }
}
