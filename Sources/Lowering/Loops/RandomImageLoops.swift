import Basics
import Models

extension RandomFlip: RandomlyComputed {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer {
        RandomFlipLoops(layer: self, samples: samples, image: operation.outputShape)
    }
}

/// Images mirrored or not. Notes are, for each sample, whether its columns and its rows are.
struct RandomFlipLoops: RandomLayer {
    let layer: RandomFlip
    let samples: Int
    let image: Shape

    var noteCount: Int { 2 * samples }

    func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom
    ) {
        for sample in 0..<samples {
            let random = random.of(sample)
            for (axis, flips) in [layer.flipsColumns, layer.flipsRows].enumerated() {
                notes[2 * sample + axis] = flips && random.uniform(UInt64(axis)) < 0.5 ? 1 : 0
            }
        }
        move(x, into: y, notes)
    }

    /// A mirrored image that is mirrored again is the image.
    func backward(_ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>) {
        move(dy, into: dx, notes)
    }

    private func move(
        _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, _ notes: UnsafePointer<Float>
    ) {
        let (height, width, channels) = (image[0], image[1], image[2])
        for sample in 0..<samples {
            let (flipsColumns, flipsRows) = (notes[2 * sample] > 0, notes[2 * sample + 1] > 0)
            for row in 0..<height {
                for column in 0..<width {
                    let (y, x) = (flipsRows ? height - 1 - row : row, flipsColumns ? width - 1 - column : column)
                    (target + ((sample * height + row) * width + column) * channels).update(
                        from: source + ((sample * height + y) * width + x) * channels, count: channels)
                }
            }
        }
    }
}

extension RandomCrop: RandomlyComputed {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer {
        RandomCropLoops(operation, samples: samples)
    }
}

/// Parts of images. Notes are, for each sample, the first row and the first column of the part.
struct RandomCropLoops: RandomLayer {
    private let samples: Int
    private let input: Shape
    private let output: Shape
    /// Of images that are smaller than the part.
    private let resizing: (any PlainLayer)?

    init(_ operation: Operation, samples: Int) {
        self.samples = samples
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        let size = Extent2D(height: output[0], width: output[1])
        let isLarger = input[0] >= output[0] && input[1] >= output[1]
        resizing = isLarger ? nil : Resizing(size, keepsAspectRatio: true).loops(for: operation, samples: samples)
    }

    var noteCount: Int { 2 * samples }

    func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom
    ) {
        if let resizing { return resizing.forward([x], [], into: y, scratch: y) }
        for sample in 0..<samples {
            let random = random.of(sample)
            for axis in 0..<2 {
                notes[2 * sample + axis] = Float(random.integer(UInt64(axis), below: input[axis] - output[axis] + 1))
            }
        }
        forEachRow(notes) { source, target, count in (y + target).update(from: x + source, count: count) }
    }

    func backward(_ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>) {
        if let resizing {
            return resizing.backward(dy, kept: [], [], into: [dx], gradients: [], scratch: dx)
        }
        dx.update(repeating: 0, count: samples * input.count)
        forEachRow(notes) { source, target, count in (dx + source).update(from: dy + target, count: count) }
    }

    private func forEachRow(_ notes: UnsafePointer<Float>, _ body: (_ source: Int, _ target: Int, _ count: Int) -> Void)
    {
        let count = output[1] * output[2]
        for sample in 0..<samples {
            let (top, left) = (Int(notes[2 * sample]), Int(notes[2 * sample + 1]))
            for row in 0..<output[0] {
                let source = ((sample * input[0] + top + row) * input[1] + left) * input[2]
                body(source, (sample * output[0] + row) * count, count)
            }
        }
    }
}

extension RandomTone: RandomlyComputed {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer {
        RandomToneLoops(layer: self, samples: samples, image: operation.outputShape)
    }
}

/// y = factor · (x - mean) + mean + summand, cut off. Notes are the sample's factor, and whether each value passes its gradient.
package struct RandomToneLoops: RandomLayer {
    let layer: RandomTone
    let samples: Int
    let image: Shape

    package init(layer: RandomTone, samples: Int, image: Shape) {
        (self.layer, self.samples, self.image) = (layer, samples, image)
    }

    package var noteCount: Int { samples * (1 + image.count) }

    package func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom
    ) {
        for sample in 0..<samples {
            change(x, into: y, notes: notes, sample: sample, by: random.of(sample).value(0, of: layer.range))
        }
    }

    /// What becomes of one sample where an amount was drawn.
    package func change(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        sample: Int, by amount: Float
    ) {
        let (factor, summand): (Float, Float) =
            switch layer.kind {
            case .brightness: (1, amount * (layer.pixels.upperBound - layer.pixels.lowerBound))
            case .contrast: (1 + amount, 0)
            }
        let (start, count, channels) = (sample * image.count, image.count, image[2])
        let (x, y, passes) = (x + start, y + start, notes + samples + start)
        notes[sample] = factor
        for c in 0..<channels {
            let mean = factor == 1 ? 0 : mean(x + c)
            for i in stride(from: c, to: count, by: channels) {
                let value = (x[i] - mean) * factor + mean + summand
                y[i] = min(max(value, layer.pixels.lowerBound), layer.pixels.upperBound)
                passes[i] = y[i] == value ? 1 : 0
            }
        }
    }

    /// dx = factor · dy + (1 - factor) · mean(dy), where values passed.
    package func backward(
        _ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
    ) {
        let (count, channels) = (image.count, image[2])
        for sample in 0..<samples {
            let factor = notes[sample]
            let (dy, passes, dx) = (dy + sample * count, notes + samples + sample * count, dx + sample * count)
            for i in 0..<count { dx[i] = dy[i] * passes[i] }
            for c in 0..<channels where factor != 1 {
                let rest = (1 - factor) * mean(dx + c)
                for i in stride(from: c, to: count, by: channels) { dx[i] = factor * dx[i] + rest }
            }
        }
    }

    /// Of a channel, whose first value is given.
    private func mean(_ x: UnsafePointer<Float>) -> Float {
        var sum: Float = 0
        for i in stride(from: 0, to: image.count, by: image[2]) { sum += x[i] }
        return sum / Float(image[0] * image[1])
    }
}

extension RandomTone {
    fileprivate var range: ClosedRange<Float> {
        switch kind {
        case .brightness(let amounts), .contrast(let amounts): amounts
        }
    }
}

extension CounterRandom {
    /// Evenly drawn from a range.
    func value(_ index: UInt64, of range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform(index)
    }
}
