import Basics
import Models

#if canImport(Glibc)
import Glibc
#endif

extension ScalarOperation: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let count = samples * operation.outputShape.count
        return switch function {
        case .absolute: ScalarLoops(Absolute(), count: count)
        case .square: ScalarLoops(Square(), count: count)
        case .exponential: ScalarLoops(Exponential(), count: count)
        case .logarithm: ScalarLoops(Logarithm(), count: count)
        case .sine: ScalarLoops(Sine(), count: count)
        case .cosine: ScalarLoops(Cosine(), count: count)
        case .squareRoot: ScalarLoops(SquareRoot(), count: count)
        case .logarithmOfOnePlus: ScalarLoops(LogarithmOfOnePlus(), count: count)
        case .exponentialLessOne: ScalarLoops(ExponentialLessOne(), count: count)
        case .sign: ScalarLoops(Sign(), count: count)
        case .power: ScalarLoops(Power(exponent: constants[0]), count: count)
        case .quotient: ScalarLoops(Quotient(dividend: constants[0]), count: count)
        case .atLeast: ScalarLoops(Clip(least: constants[0], most: .infinity), count: count)
        case .atMost: ScalarLoops(Clip(least: -.infinity, most: constants[0]), count: count)
        case .clip: ScalarLoops(Clip(least: constants[0], most: constants[1]), count: count)
        case .approximateGELU: ScalarLoops(ApproximateGELU(), count: count)
        }
    }
}

private struct Absolute: ScalarFunction {
    func value(_ x: Float) -> Float { abs(x) }
    func slope(_ x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : 0 }
}

private struct Square: ScalarFunction {
    func value(_ x: Float) -> Float { x * x }
    func slope(_ x: Float) -> Float { 2 * x }
}

private struct Logarithm: ScalarFunction {
    func value(_ x: Float) -> Float { logf(x) }
    func slope(_ x: Float) -> Float { 1 / x }
}

private struct Sine: ScalarFunction {
    func value(_ x: Float) -> Float { sinf(x) }
    func slope(_ x: Float) -> Float { cosf(x) }
}

private struct Cosine: ScalarFunction {
    func value(_ x: Float) -> Float { cosf(x) }
    func slope(_ x: Float) -> Float { -sinf(x) }
}

private struct SquareRoot: ScalarFunction {
    func value(_ x: Float) -> Float { x.squareRoot() }
    func slope(_ x: Float) -> Float { 0.5 / x.squareRoot() }
}

private struct LogarithmOfOnePlus: ScalarFunction {
    func value(_ x: Float) -> Float { log1pf(x) }
    func slope(_ x: Float) -> Float { 1 / (1 + x) }
}

private struct ExponentialLessOne: ScalarFunction {
    func value(_ x: Float) -> Float { expm1f(x) }
    func slope(_ x: Float) -> Float { expf(x) }
}

/// What is not a number stays so.
private struct Sign: ScalarFunction {
    func value(_ x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : x }
    func slope(_ x: Float) -> Float { 0 }
}

private struct Power: ScalarFunction {
    let exponent: Float

    func value(_ x: Float) -> Float { powf(x, exponent) }
    func slope(_ x: Float) -> Float { exponent == 0 ? 0 : exponent * powf(x, exponent - 1) }
}

private struct Quotient: ScalarFunction {
    let dividend: Float

    func value(_ x: Float) -> Float { dividend / x }
    func slope(_ x: Float) -> Float { -dividend / (x * x) }
}

/// An element that equals a bound takes the gradient.
private struct Clip: ScalarFunction {
    let least: Float
    let most: Float

    func value(_ x: Float) -> Float { x < least ? least : x > most ? most : x }
    func slope(_ x: Float) -> Float { x < least || x > most ? 0 : 1 }
}

/// x / 2 · (1 + tanh(sqrt(2/π) (x + 0.044715 x³))).
private struct ApproximateGELU: ScalarFunction {
    private let root: Float = 0.797_884_560_802_865_4
    private let cubic: Float = 0.044715

    private func bend(_ x: Float) -> Float { tanhf(root * (x + cubic * x * x * x)) }
    func value(_ x: Float) -> Float { 0.5 * x * (1 + bend(x)) }
    func slope(_ x: Float) -> Float {
        let t = bend(x)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * cubic * x * x)
    }
}

extension Reduction: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        ReductionLoops(self, of: operation.inputShapes[0], samples: samples)
    }
}

/// Each element of the output is made of those of the input at fixed distances from a first one.
struct ReductionLoops: PlainLayer {
    private let kind: Reduction.Kind
    private let samples: Int
    /// Elements of a sample.
    private let input: Int
    /// For each element of the output, the first element of the input that it is made of.
    private let firsts: [Int]
    private let distances: [Int]

    init(_ reduction: Reduction, of shape: Shape, samples: Int) {
        (kind, self.samples, input) = (reduction.kind, samples, shape.count)
        let axes = Array(0..<shape.rank)
        firsts = Self.places(along: axes.filter { !reduction.axes.contains($0) }, of: shape)
        distances = Self.places(along: axes.filter(reduction.axes.contains), of: shape)
    }

    /// Where the elements lie that differ along some axes only.
    private static func places(along axes: [Int], of shape: Shape) -> [Int] {
        axes.reduce([0]) { places, axis in
            let step = shape.extents[(axis + 1)...].reduce(1, *)
            return places.flatMap { place in (0..<shape[axis]).map { place + $0 * step } }
        }
    }

    var kept: KeptValues {
        switch kind {
        case .max, .min, .variance, .deviation: .inputs
        case .sum, .mean: .nothing
        }
    }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<samples {
            let (x, y) = (x[0] + sample * input, y + sample * firsts.count)
            for (place, first) in firsts.enumerated() {
                switch kind {
                case .sum: y[place] = Float(sum(x + first))
                case .mean: y[place] = Float(sum(x + first) / Double(distances.count))
                case .max, .min: y[place] = extreme(x + first)
                case .variance: y[place] = Float(spread(x + first).variance)
                case .deviation: y[place] = Float(spread(x + first).variance.squareRoot())
                }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        for sample in 0..<samples {
            let (dx, dy) = (dx + sample * input, dy + sample * firsts.count)
            for (place, first) in firsts.enumerated() {
                switch kind {
                case .sum: for distance in distances { dx[first + distance] = dy[place] }
                case .mean: for distance in distances { dx[first + distance] = dy[place] / Float(distances.count) }
                case .max, .min:
                    let x = kept[0] + sample * input + first
                    let extreme = extreme(x)
                    let count = distances.reduce(0) { $0 + (x[$1] == extreme ? 1 : 0) }
                    let share = dy[place] / Float(max(count, 1))
                    for distance in distances { dx[first + distance] = x[distance] == extreme ? share : 0 }
                case .variance, .deviation:
                    let x = kept[0] + sample * input + first
                    let (mean, variance) = spread(x)
                    let slope = kind == .variance ? 2 : 1 / variance.squareRoot()
                    let factor = Double(dy[place]) * slope / Double(distances.count)
                    for distance in distances { dx[first + distance] = Float((Double(x[distance]) - mean) * factor) }
                }
            }
        }
    }

    private func sum(_ x: UnsafePointer<Float>) -> Double { distances.reduce(0) { $0 + Double(x[$1]) } }

    private func spread(_ x: UnsafePointer<Float>) -> (mean: Double, variance: Double) {
        let count = Double(distances.count)
        let mean = sum(x) / count
        let squares = distances.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) }
        return (mean, squares / count)
    }

    /// A NaN stays one.
    private func extreme(_ x: UnsafePointer<Float>) -> Float {
        var best = x[0]
        for distance in distances {
            let value = x[distance]
            if value.isNaN || (kind == .max ? value > best : value < best) { best = value }
        }
        return best
    }
}

extension Slice: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let input = operation.inputShapes[0]
        let steps = input.extents.indices.map { axis in input.extents[(axis + 1)...].reduce(1, *) }
        return MoveLoops(
            samples: samples, input: input, output: axes.map(\.count),
            steps: zip(axes, steps).map { $0.step * $1 },
            first: zip(axes, steps).reduce(0) { $0 + $1.0.start * $1.1 })
    }
}

extension Roll: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        RollLoops(self, of: operation.inputShapes[0], samples: samples)
    }
}

/// Each element of the output is one of the input.
struct RollLoops: PlainLayer {
    private let samples: Int
    /// For each element of a sample's output, where it is in the input.
    private let places: [Int]

    init(_ roll: Roll, of shape: Shape, samples: Int) {
        self.samples = samples
        places = zip(shape.extents, roll.shifts).reduce([0]) { places, axis in
            let (extent, shift) = axis
            return places.flatMap { place in
                (0..<extent).map { place * extent + ($0 + extent - shift) % extent }
            }
        }
    }

    var kept: KeptValues { .nothing }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<samples {
            let (x, y) = (x[0] + sample * places.count, y + sample * places.count)
            for (element, place) in places.enumerated() { y[element] = x[place] }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        for sample in 0..<samples {
            let (dx, dy) = (dx + sample * places.count, dy + sample * places.count)
            for (element, place) in places.enumerated() { dx[place] = dy[element] }
        }
    }
}

extension Stack: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        JoinLoops(operation.inputShapes, axis: axis, samples: samples)
    }
}

extension AxisConcatenation: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        JoinLoops(operation.inputShapes, axis: axis, samples: samples)
    }
}

/// Rows of all inputs in turn.
struct JoinLoops: PlainLayer {
    /// Of each input, over all samples.
    private let rows: Int
    /// The length of a row of each input, and where it begins in a row of the output.
    private let widths: [Int]
    private let starts: [Int]
    private let width: Int

    /// A row is what lies behind the axes before `axis`, which the inputs have in common.
    init(_ shapes: [Shape], axis: Int, samples: Int) {
        rows = samples * shapes[0].extents[..<axis].reduce(1, *)
        let widths = shapes.map { $0.extents[axis...].reduce(1, *) }
        starts = widths.indices.map { widths[..<$0].reduce(0, +) }
        width = widths.reduce(0, +)
        self.widths = widths
    }

    var kept: KeptValues { .nothing }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            for (number, x) in x.enumerated() {
                (y + row * width + starts[number]).update(from: x + row * widths[number], count: widths[number])
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            for (number, dx) in dx.enumerated() {
                guard let dx else { continue }
                (dx + row * widths[number]).update(from: dy + row * width + starts[number], count: widths[number])
            }
        }
    }
}
