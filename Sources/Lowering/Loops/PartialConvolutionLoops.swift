import Models
import Basics

extension PartialConvolution2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        PartialConvolutionLoops(self, operation, samples: samples)
    }
}

/// A convolution along a table of connections. The kernels are [height, width, connection]. Images are split into
/// planes first, since a connection joins one plane to another. Inner loops run along rows of planes.
struct PartialConvolutionLoops: PlainLayer {
    private struct Connection {
        let source: Int
        let target: Int
    }

    private let samples: Int
    private let input: Planes
    private let output: Planes
    private let size: Extent2D
    private let connections: [Connection]

    init(_ layer: PartialConvolution2D, _ operation: Operation, samples: Int) {
        self.samples = samples
        (input, output) = (Planes(operation.inputShapes[0]), Planes(operation.outputShape))
        size = layer.window.size
        connections = layer.connections.enumerated().flatMap { target, sources in
            sources.map { Connection(source: $0, target: target) }
        }
    }

    var kept: KeptValues { .inputs }
    /// Planes of a sample's input, of its output, and of its input's gradient.
    var scratchCount: Int { 2 * input.count + output.count }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        let (kernel, bias) = (parameters[0], parameters[1])
        let (xs, ys) = (scratch, scratch + input.count)
        for sample in 0..<samples {
            input.split(x + sample * input.count, into: xs)
            for map in 0..<output.channels {
                (ys + map * output.pixels).update(repeating: bias[map], count: output.pixels)
            }
            forEachTap { weight, source, target in
                let (x, y, w) = (xs + source, ys + target, kernel[weight])
                for i in 0..<output.width { y[i] += w * x[i] }
            }
            output.join(ys, into: y + sample * output.count)
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (x, dx) = (kept[0], dx[0])
        let (xs, dys, dxs) = (scratch, scratch + input.count, scratch + input.count + output.count)
        gradients[0]?.update(repeating: 0, count: size.count * connections.count)
        gradients[1]?.update(repeating: 0, count: output.channels)
        for sample in 0..<samples {
            output.split(dy + sample * output.count, into: dys)
            if let gradient = gradients[1] {
                for map in 0..<output.channels {
                    gradient[map] += sum(dys + map * output.pixels, output.pixels)
                }
            }
            if let gradient = gradients[0] {
                input.split(x + sample * input.count, into: xs)
                forEachTap { weight, source, target in
                    gradient[weight] += dot(xs + source, dys + target, output.width)
                }
            }
            if let dx {
                let kernel = parameters[0]
                dxs.update(repeating: 0, count: input.count)
                forEachTap { weight, source, target in
                    let (x, y, w) = (dxs + source, dys + target, kernel[weight])
                    for i in 0..<output.width { x[i] += w * y[i] }
                }
                input.join(dxs, into: dx + sample * input.count)
            }
        }
    }

    /// Each weight at each output row: its place in the kernels, where the row that it reads begins among the planes of
    /// the input, and where the row that it adds to begins among the planes of the output.
    @inline(__always)
    private func forEachTap(_ body: (_ weight: Int, _ source: Int, _ target: Int) -> Void) {
        for (index, connection) in connections.enumerated() {
            let (from, to) = (connection.source * input.pixels, connection.target * output.pixels)
            for row in 0..<size.height {
                for column in 0..<size.width {
                    let weight = (row * size.width + column) * connections.count + index
                    for y in 0..<output.height {
                        body(weight, from + (y + row) * input.width + column, to + y * output.width)
                    }
                }
            }
        }
    }
}

/// An image [height, width, channels] as planes [channels, height, width].
private struct Planes {
    let height: Int
    let width: Int
    let channels: Int

    init(_ shape: Shape) { (height, width, channels) = (shape[0], shape[1], shape[2]) }

    var pixels: Int { height * width }
    var count: Int { pixels * channels }

    func split(_ image: UnsafePointer<Float>, into planes: UnsafeMutablePointer<Float>) {
        for channel in 0..<channels {
            for pixel in 0..<pixels { planes[channel * pixels + pixel] = image[pixel * channels + channel] }
        }
    }

    func join(_ planes: UnsafePointer<Float>, into image: UnsafeMutablePointer<Float>) {
        for channel in 0..<channels {
            for pixel in 0..<pixels { image[pixel * channels + channel] = planes[channel * pixels + pixel] }
        }
    }
}

private func sum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for i in 0..<count { sum += x[i] }
    return sum
}
