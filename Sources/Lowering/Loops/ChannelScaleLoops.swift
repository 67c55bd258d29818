import Models

extension ChannelScale: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let shape = operation.outputShape
        let channels = shape[shape.rank - 1]
        return ChannelScaleLoops(pixels: samples * shape.count / channels, channels: channels)
    }
}

struct ChannelScaleLoops: PlainLayer {
    let pixels: Int
    let channels: Int

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for pixel in 0..<pixels {
            multiply(x[0] + pixel * channels, parameters[0], into: y + pixel * channels, count: channels)
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        gradients[0]?.update(repeating: 0, count: channels)
        for pixel in 0..<pixels {
            let (x, dy) = (kept[0] + pixel * channels, dy + pixel * channels)
            if let gradient = gradients[0] { for c in 0..<channels { gradient[c] += dy[c] * x[c] } }
            if let dx = dx[0] { multiply(dy, parameters[0], into: dx + pixel * channels, count: channels) }
        }
    }
}
