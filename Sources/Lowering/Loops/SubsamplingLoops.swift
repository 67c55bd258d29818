import Models
import Basics

extension Subsampling2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        SubsamplingLoops(self, operation, samples: samples)
    }
}

/// y = coefficient · Σ window + bias. The parameters are the channels' coefficients and biases.
struct SubsamplingLoops: PlainLayer {
    let samples: Int
    let input: Shape
    let output: Shape
    let size: Extent2D

    init(_ layer: Subsampling2D, _ operation: Operation, samples: Int) {
        self.samples = samples
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        size = layer.window.size
    }

    private var channels: Int { input[2] }

    var kept: KeptValues { .inputs }
    var scratchCount: Int { channels }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        let (channels, coefficient, bias) = (channels, parameters[0], parameters[1])
        forEachPixel { place, first in
            sum(x + first, into: scratch)
            let y = y + place
            for c in 0..<channels { y[c] = coefficient[c] * scratch[c] + bias[c] }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (x, dx) = (kept[0], dx[0])
        let (channels, coefficient) = (channels, parameters[0])
        for gradient in gradients { gradient?.update(repeating: 0, count: channels) }
        dx?.update(repeating: 0, count: samples * input.count)
        forEachPixel { place, first in
            let dy = dy + place
            if let gradient = gradients[0] {
                sum(x + first, into: scratch)
                for c in 0..<channels { gradient[c] += dy[c] * scratch[c] }
            }
            if let gradient = gradients[1] { for c in 0..<channels { gradient[c] += dy[c] } }
            guard let dx else { return }
            forEachWindowPixel { offset in
                let dx = dx + first + offset
                for c in 0..<channels { dx[c] = dy[c] * coefficient[c] }
            }
        }
    }

    private func sum(_ window: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>) {
        let channels = channels
        sums.update(repeating: 0, count: channels)
        forEachWindowPixel { offset in for c in 0..<channels { sums[c] += window[offset + c] } }
    }

    /// Each output pixel, and the first input pixel of its window.
    @inline(__always)
    private func forEachPixel(_ body: (_ place: Int, _ first: Int) -> Void) {
        var place = 0
        for sample in 0..<samples {
            for row in 0..<output[0] {
                for column in 0..<output[1] {
                    let pixel = (row * size.height) * input[1] + column * size.width
                    body(place, sample * input.count + pixel * channels)
                    place += channels
                }
            }
        }
    }

    @inline(__always)
    private func forEachWindowPixel(_ body: (_ offset: Int) -> Void) {
        for row in 0..<size.height {
            for column in 0..<size.width { body((row * input[1] + column) * channels) }
        }
    }
}
