import Models

extension Embedding: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        EmbeddingLoops(count: samples * operation.inputShapes[0].count, rows: rows, width: width)
    }
}

struct EmbeddingLoops: PlainLayer {
    /// Numbers that come in.
    let count: Int
    let rows: Int
    let width: Int

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for place in 0..<count {
            let y = y + place * width
            if let row = row(x[0][place]) {
                y.update(from: parameters[0] + row * width, count: width)
            } else {
                y.update(repeating: .nan, count: width)
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        dx[0]?.update(repeating: 0, count: count)
        guard let gradient = gradients[0] else { return }
        gradient.update(repeating: 0, count: rows * width)
        for place in 0..<count {
            guard let row = row(kept[0][place]) else { continue }
            for i in 0..<width { gradient[row * width + i] += dy[place * width + i] }
        }
    }

    /// Nil for a number that no row has.
    private func row(_ number: Float) -> Int? {
        Int(exactly: number.rounded(.towardZero)).flatMap { (0..<rows).contains($0) ? $0 : nil }
    }
}
