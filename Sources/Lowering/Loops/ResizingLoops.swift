import Basics
import Models

extension Resizing: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let input = operation.inputShapes[0]
        let (rows, columns) = keepsAspectRatio ? middle(of: input, shapedAs: size) : (0..<input[0], 0..<input[1])
        return ResizingLoops(
            operation, samples: samples, rows: ResizedAxis(rows, size.height, interpolation),
            columns: ResizedAxis(columns, size.width, interpolation))
    }
}

extension CenterCrop: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let input = operation.inputShapes[0]
        let (above, before) = (input[0] - size.height, input[1] - size.width)
        var (rows, columns) = (above / 2..<above / 2 + size.height, before / 2..<before / 2 + size.width)
        if above < 0 || before < 0 { (rows, columns) = middle(of: input, shapedAs: size) }
        return ResizingLoops(
            operation, samples: samples, rows: ResizedAxis(rows, size.height, .bilinear),
            columns: ResizedAxis(columns, size.width, .bilinear))
    }
}

extension InterpolatedUpSampling2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let (input, output) = (operation.inputShapes[0], operation.outputShape)
        return ResizingLoops(
            operation, samples: samples, rows: ResizedAxis(0..<input[0], output[0], interpolation),
            columns: ResizedAxis(0..<input[1], output[1], interpolation))
    }
}

/// The largest part in the middle of an image that has the shape of `size`, in Keras's arithmetic.
private func middle(of image: Shape, shapedAs size: Extent2D) -> (rows: Range<Int>, columns: Range<Int>) {
    func part(_ n: Int, other: Int, _ size: Int, otherSize: Int) -> Range<Int> {
        let wanted = Int(Float(other * size) / Float(otherSize))
        let count = max(min(n, wanted), 1)
        return (n - count) / 2..<(n - count) / 2 + count
    }
    return (
        part(image[0], other: image[1], size.height, otherSize: size.width),
        part(image[1], other: image[0], size.width, otherSize: size.height)
    )
}

/// For each place along an axis of the result the pixels that it is a weighted sum of, as TensorFlow resizes without antialiasing.
struct ResizedAxis {
    struct Tap {
        let source: Int
        let weight: Float
    }

    private(set) var taps: [[Tap]]

    /// The pixels of `range`, resized to `count`.
    init(_ range: Range<Int>, _ count: Int, _ interpolation: Interpolation) {
        let scale = Float(range.count) / Float(count)
        let last = range.count - 1
        taps = (0..<count).map { place in
            let centre = (Float(place) + 0.5) * scale
            switch interpolation {
            case .nearest: return [Tap(source: min(Int(centre), last), weight: 1)]
            case .bilinear: return Self.bilinear(centre - 0.5, last)
            case .bicubic: return Self.bicubic(centre - 0.5, last)
            }
        }
        taps = taps.map { $0.map { Tap(source: range.lowerBound + $0.source, weight: $0.weight) } }
    }

    private static func bilinear(_ position: Float, _ last: Int) -> [Tap] {
        let lower = position.rounded(.down)
        let upper = min(Int(lower) + 1, last)
        let share = position - lower
        let first = Tap(source: max(Int(lower), 0), weight: 1 - share)
        return share == 0 ? [first] : [first, Tap(source: upper, weight: share)]
    }

    /// Keys's kernel, which TensorFlow has in a table of 1,024 steps. Pixels beside the image have no weight, and the others
    /// their share more.
    private static func bicubic(_ position: Float, _ last: Int) -> [Tap] {
        let lower = Int(position.rounded(.down))
        let steps: Float = 1024
        let step = ((position - position.rounded(.down)) * steps).rounded(.toNearestOrEven)
        let weights = [1 + step / steps, step / steps, 1 - step / steps, 2 - step / steps].map(keys)
        let all = weights.enumerated().map { Tap(source: lower - 1 + $0.offset, weight: $0.element) }
        let inside = all.filter { (0...last).contains($0.source) }
        let sum = inside.reduce(Float(0)) { $0 + $1.weight }
        return inside.map { Tap(source: $0.source, weight: $0.weight / sum) }
    }

    /// At a distance of 0 to 2.
    private static func keys(_ x: Float) -> Float {
        x <= 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2
    }
}

/// Each pixel of the result is a weighted sum of pixels in some rows and columns.
struct ResizingLoops: PlainLayer {
    private let samples: Int
    private let input: Shape
    private let output: Shape
    private let rows: ResizedAxis
    private let columns: ResizedAxis

    init(_ operation: Operation, samples: Int, rows: ResizedAxis, columns: ResizedAxis) {
        self.samples = samples
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        (self.rows, self.columns) = (rows, columns)
    }

    var kept: KeptValues { .nothing }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (x, channels) = (x[0], input[2])
        y.update(repeating: 0, count: samples * output.count)
        forEachTap { source, target, weight in
            let (x, y) = (x + source, y + target)
            for c in 0..<channels { y[c] += weight * x[c] }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        let channels = input[2]
        dx.update(repeating: 0, count: samples * input.count)
        forEachTap { source, target, weight in
            let (dx, dy) = (dx + source, dy + target)
            for c in 0..<channels { dx[c] += weight * dy[c] }
        }
    }

    /// Each pixel of the result with each of those that it is made of.
    @inline(__always)
    private func forEachTap(_ body: (_ source: Int, _ target: Int, _ weight: Float) -> Void) {
        for sample in 0..<samples {
            for (row, above) in rows.taps.enumerated() {
                for (column, beside) in columns.taps.enumerated() {
                    let target = ((sample * output[0] + row) * output[1] + column) * output[2]
                    for y in above {
                        for x in beside {
                            let source = ((sample * input[0] + y.source) * input[1] + x.source) * input[2]
                            body(source, target, y.weight * x.weight)
                        }
                    }
                }
            }
        }
    }
}
