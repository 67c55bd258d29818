import Basics
import Models

#if canImport(Glibc)
import Glibc
#endif

extension RandomAffine: RandomlyComputed {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer {
        RandomAffineLoops(layer: self, samples: samples, image: operation.outputShape)
    }
}

/// Where in the input a pixel of the output comes from: column xx · x + xy · y + x0, row yx · x + yy · y + y0.
package struct PixelMap {
    var (xx, xy, x0): (Float, Float, Float)
    var (yx, yy, y0): (Float, Float, Float)

    fileprivate init(_ notes: UnsafePointer<Float>) {
        (xx, xy, x0, yx, yy, y0) = (notes[0], notes[1], notes[2], notes[3], notes[4], notes[5])
    }

    /// A linear map about the middle of an image.
    fileprivate init(xx: Float, xy: Float, yx: Float, yy: Float, about image: Shape) {
        let (x, y) = (Float(image[1] - 1) / 2, Float(image[0] - 1) / 2)
        (self.xx, self.xy, x0) = (xx, xy, x - xx * x - xy * y)
        (self.yx, self.yy, y0) = (yx, yy, y - yx * x - yy * y)
    }

    fileprivate init(x0: Float, y0: Float) {
        (xx, xy, self.x0) = (1, 0, x0)
        (yx, yy, self.y0) = (0, 1, y0)
    }

    fileprivate static let count = 6

    fileprivate func store(_ notes: UnsafeMutablePointer<Float>) {
        for (place, value) in [xx, xy, x0, yx, yy, y0].enumerated() { notes[place] = value }
    }
}

/// Images moved along affine maps, in the arithmetic of TensorFlow's `ImageProjectiveTransformV3`. Notes are the maps.
package struct RandomAffineLoops: RandomLayer {
    private let layer: RandomAffine
    private let samples: Int
    private let image: Shape

    package init(layer: RandomAffine, samples: Int, image: Shape) {
        (self.layer, self.samples, self.image) = (layer, samples, image)
    }

    package var noteCount: Int { samples * PixelMap.count }

    package func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom
    ) {
        for sample in 0..<samples {
            let map = map(random.of(sample))
            map.store(notes + sample * PixelMap.count)
            move(x + sample * image.count, into: y + sample * image.count, map)
        }
    }

    private func map(_ random: CounterRandom) -> PixelMap {
        switch layer.kind {
        case .rotation(let turns): return map([random.value(0, of: turns)])
        case .zoom(let height, let width):
            let zoom = random.value(0, of: height)
            return map([zoom, width.map { random.value(1, of: $0) } ?? zoom])
        case .translation(let height, let width):
            return map([random.value(0, of: height), random.value(1, of: width)])
        }
    }

    /// The map that drawn values stand for: a part of a turn, or a value for the height and one for the width.
    package func map(_ drawn: [Float]) -> PixelMap {
        switch layer.kind {
        case .rotation:
            let angle = 2 * Float.pi * drawn[0]
            return PixelMap(xx: cosf(angle), xy: -sinf(angle), yx: sinf(angle), yy: cosf(angle), about: image)
        case .zoom: return PixelMap(xx: 1 + drawn[1], xy: 0, yx: 0, yy: 1 + drawn[0], about: image)
        case .translation: return PixelMap(x0: -drawn[1] * Float(image[1]), y0: -drawn[0] * Float(image[0]))
        }
    }

    /// What becomes of one image.
    package func move(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, _ map: PixelMap) {
        y.update(repeating: 0, count: image.count)
        forEachTap(map) { source, target, weight in
            let y = y + target
            if let x = source.map({ x + $0 }) {
                for c in 0..<image[2] { y[c] += weight * x[c] }
            } else {
                for c in 0..<image[2] { y[c] += weight * layer.fillValue }
            }
        }
    }

    package func backward(
        _ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
    ) {
        dx.update(repeating: 0, count: samples * image.count)
        for sample in 0..<samples {
            let (dy, dx) = (dy + sample * image.count, dx + sample * image.count)
            forEachTap(PixelMap(notes + sample * PixelMap.count)) { source, target, weight in
                guard let dx = source.map({ dx + $0 }) else { return }
                for c in 0..<image[2] { dx[c] += weight * dy[target + c] }
            }
        }
    }

    /// Each pixel of the output with those that it is a weighted sum of; nil for one beside the image.
    @inline(__always)
    private func forEachTap(_ map: PixelMap, _ body: (_ source: Int?, _ target: Int, _ weight: Float) -> Void) {
        let (height, width, channels) = (image[0], image[1], image[2])
        func source(_ row: Float, _ column: Float) -> Int? {
            guard row >= 0, row <= Float(height - 1), column >= 0, column <= Float(width - 1) else { return nil }
            return (Int(row) * width + Int(column)) * channels
        }
        for row in 0..<height {
            for column in 0..<width {
                let (u, v) = (Float(column), Float(row))
                let x = layer.fill.place(map.xx * u + map.xy * v + map.x0, of: width)
                let y = layer.fill.place(map.yx * u + map.yy * v + map.y0, of: height)
                let target = (row * width + column) * channels
                if layer.interpolation == .nearest {
                    body(source(y.rounded(), x.rounded()), target, 1)
                    continue
                }
                let (left, top) = (x.rounded(.down), y.rounded(.down))
                for (row, high) in [(top, top + 1 - y), (top + 1, y - top)] {
                    for (column, wide) in [(left, left + 1 - x), (left + 1, x - left)] where high * wide != 0 {
                        body(source(row, column), target, high * wide)
                    }
                }
            }
        }
    }
}

extension RandomAffine.Fill {
    /// The place along an axis of `count` pixels that stands for one beside it.
    fileprivate func place(_ place: Float, of count: Int) -> Float {
        let last = Float(count - 1)
        guard self != .constant, !(0...last).contains(place) else { return place }
        guard count > 1 else { return 0 }
        return min(max(folded(place, Float(count)), 0), last)
    }

    private func folded(_ place: Float, _ count: Float) -> Float {
        switch self {
        case .constant, .nearest: return place
        case .reflect:
            let period = 2 * count
            guard place < 0 else {
                let rest = place - period * (place / period).rounded(.down)
                return rest >= count ? period - rest - 1 : rest
            }
            let rest = place + period * (-place / period).rounded(.down)
            return rest < -count ? rest + period : -rest - 1
        case .wrap:
            let last = count - 1
            return place < 0
                ? place + count * ((-place / last).rounded(.down) + 1) : place - count * (place / last).rounded(.down)
        }
    }
}
