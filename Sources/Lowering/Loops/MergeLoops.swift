import Basics
import Models

extension Merge: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        MergeLoops(kind, operation, samples: samples)
    }
}

/// Several inputs put together element by element. An input that is shorter along an axis stands still along it.
struct MergeLoops: PlainLayer {
    /// How many elements of an input lie between neighbours of the output along each axis; 0 where the input stands still.
    private struct Steps {
        let sample: Int
        let row: Int
        let pixel: Int
        let channel: Int

        /// `input` as [H, W, C].
        init(_ input: [Int]) {
            sample = input[0] * input[1] * input[2]
            row = input[0] == 1 ? 0 : input[1] * input[2]
            pixel = input[1] == 1 ? 0 : input[2]
            channel = input[2] == 1 ? 0 : 1
        }
    }

    private let kind: Merge.Kind
    private let samples: Int
    /// [H, W, C].
    private let output: [Int]
    private let steps: [Steps]
    /// Elements of each input, over all samples.
    private let counts: [Int]

    init(_ kind: Merge.Kind, _ operation: Operation, samples: Int) {
        /// Axes of extent 1 in front of what there is.
        let image = { (shape: Shape) in [Int](repeating: 1, count: max(0, 3 - shape.rank)) + shape.extents }
        self.kind = kind
        self.samples = samples
        output = image(operation.outputShape)
        steps = operation.inputShapes.map { Steps(image($0)) }
        counts = operation.inputShapes.map { samples * $0.count }
    }

    var kept: KeptValues {
        switch kind {
        case .multiply, .divide, .maximum, .minimum: .inputs
        case .average, .subtract, .sum: .nothing
        }
    }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        forEachPixel { place, start in
            let y = y + place
            for (number, input) in x.enumerated() {
                let (x, step) = (input + start(number), steps[number].channel)
                guard number > 0 else {
                    for c in 0..<output[2] { y[c] = x[c * step] }
                    continue
                }
                switch kind {
                case .multiply: for c in 0..<output[2] { y[c] *= x[c * step] }
                case .divide: for c in 0..<output[2] { y[c] /= x[c * step] }
                case .average, .sum: for c in 0..<output[2] { y[c] += x[c * step] }
                case .subtract: for c in 0..<output[2] { y[c] -= x[c * step] }
                // A NaN of either stays one.
                case .maximum: for c in 0..<output[2] where !(x[c * step] <= y[c]) && !y[c].isNaN { y[c] = x[c * step] }
                case .minimum: for c in 0..<output[2] where !(x[c * step] >= y[c]) && !y[c].isNaN { y[c] = x[c * step] }
                }
            }
            if kind == .average { for c in 0..<output[2] { y[c] /= Float(x.count) } }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        for (dx, count) in zip(dx, counts) { dx?.update(repeating: 0, count: count) }
        forEachPixel { place, start in
            let dy = dy + place
            for (number, gradient) in dx.enumerated() {
                guard let gradient else { continue }
                let (dx, step) = (gradient + start(number), steps[number].channel)
                for c in 0..<output[2] {
                    switch kind {
                    case .sum: dx[c * step] += dy[c]
                    case .average: dx[c * step] += dy[c] / Float(steps.count)
                    case .subtract: dx[c * step] += number == 0 ? dy[c] : -dy[c]
                    case .multiply:
                        var product = dy[c]
                        for other in steps.indices where other != number {
                            product *= x[other][start(other) + c * steps[other].channel]
                        }
                        dx[c * step] += product
                    case .divide:
                        let divisor = x[1][start(1) + c * steps[1].channel]
                        let dividend = x[0][start(0) + c * steps[0].channel]
                        dx[c * step] += number == 0 ? dy[c] / divisor : -dy[c] * dividend / (divisor * divisor)
                    case .maximum, .minimum:
                        if winner({ x[$0][start($0) + c * steps[$0].channel] }) == number { dx[c * step] += dy[c] }
                    }
                }
            }
        }
    }

    /// The first input that has the largest or smallest element.
    @inline(__always)
    private func winner(_ element: (Int) -> Float) -> Int {
        var best = 0
        for number in 1..<steps.count {
            let isBetter = kind == .maximum ? element(number) > element(best) : element(number) < element(best)
            if isBetter { best = number }
        }
        return best
    }

    /// Each pixel of the output: where its channels begin, and where those of an input begin that go with them.
    @inline(__always)
    private func forEachPixel(_ body: (_ place: Int, _ start: (Int) -> Int) -> Void) {
        var place = 0
        for sample in 0..<samples {
            for row in 0..<output[0] {
                for column in 0..<output[1] {
                    body(place) { number in
                        let steps = steps[number]
                        return sample * steps.sample + row * steps.row + column * steps.pixel
                    }
                    place += output[2]
                }
            }
        }
    }
}

extension Dot: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        DotLoops(samples: samples, width: operation.inputShapes[0].count, normalizes: normalizes)
    }
}

/// y = Σ a b / (|a| |b|), or without the lengths.
struct DotLoops: PlainLayer {
    let samples: Int
    let width: Int
    let normalizes: Bool

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<samples {
            let (a, b) = (x[0] + sample * width, x[1] + sample * width)
            y[sample] = dot(a, b, width) / (length(a) * length(b))
        }
    }

    /// da = dy (b / |b| - a / |a| y) / |a|; db likewise.
    func backward(
        _ dy: UnsafePointer<Float>, kept x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        for (number, gradient) in dx.enumerated() {
            guard let gradient else { continue }
            for sample in 0..<samples {
                let (own, other) = (x[number] + sample * width, x[1 - number] + sample * width)
                let dx = gradient + sample * width
                let (ownLength, otherLength) = (length(own), length(other))
                let y = dot(own, other, width) / (ownLength * otherLength)
                // A length that is cut off does not change.
                let along = normalizes && ownLength > UnitLength.ofCosine ? y / ownLength : 0
                for i in 0..<width { dx[i] = dy[sample] * (other[i] / otherLength - own[i] * along) / ownLength }
            }
        }
    }

    private func length(_ x: UnsafePointer<Float>) -> Float {
        normalizes ? UnitLength.of(x, width, atLeast: UnitLength.ofCosine) : 1
    }
}

/// A vector's length as Keras has it: at least so much that zeros can be divided by it.
enum UnitLength {
    /// For the cosine of two vectors.
    static let ofCosine: Float = 1e-7
    /// For `UnitNormalization`.
    static let ofLayer: Float = 1e-12

    static func of(_ x: UnsafePointer<Float>, _ count: Int, atLeast least: Float) -> Float {
        max(dot(x, x, count).squareRoot(), least)
    }
}
