import Basics

/// A plane figure on the pixel grid, told by its signed distance: negative inside, in pixels.
///
/// The arithmetic is limited to what IEEE 754 rounds exactly (no sine, no logarithm), so that every machine draws the
/// same bytes.
struct Figure {
    enum Outline {
        case disc, square, triangle, cross, ring, star
        /// A bar three times as long as wide.
        case bar
    }

    /// What fills the outline; all but `plain` let the background through. `period` and `phase` are in pixels.
    enum Texture {
        case plain
        case horizontalStripes(period: Float, phase: Float)
        case verticalStripes(period: Float, phase: Float)
        case diagonalStripes(period: Float, phase: Float)
        case checkerboard(period: Float, phase: SIMD2<Float>)
    }

    var outline: Outline
    var texture: Texture = .plain
    var centre: SIMD2<Float>
    /// From the centre to the farthest point of the outline, about.
    var radius: Float
    /// Cosine and sine of the angle by which the outline is turned; textures stay aligned with the grid.
    var rotation: SIMD2<Float> = [1, 0]

    /// How much of the pixel around `point` the figure covers, 0...1.
    func coverage(at point: SIMD2<Float>) -> Float {
        let offset = point - centre
        let turned = SIMD2(
            offset.x * rotation.x + offset.y * rotation.y, offset.y * rotation.x - offset.x * rotation.y)
        let distance = max(outlineDistance(turned), textureDistance(offset))
        return min(max(0.5 - distance, 0), 1)
    }

    private func outlineDistance(_ p: SIMD2<Float>) -> Float {
        switch outline {
        case .disc: length(p) - 0.9 * radius
        case .square: boxDistance(p, half: SIMD2(repeating: 0.78 * radius))
        case .triangle: triangleDistance(p)
        case .cross:
            min(
                boxDistance(p, half: SIMD2(radius, 0.28 * radius)),
                boxDistance(p, half: SIMD2(0.28 * radius, radius)))
        case .ring: abs(length(p) - 0.75 * radius) - 0.2 * radius
        case .star: starDistance(p)
        case .bar: boxDistance(p, half: SIMD2(radius, radius / 3))
        }
    }

    private func textureDistance(_ p: SIMD2<Float>) -> Float {
        switch texture {
        case .plain: -.infinity
        case .horizontalStripes(let period, let phase): wave(p.y + phase, period: period)
        case .verticalStripes(let period, let phase): wave(p.x + phase, period: period)
        case .diagonalStripes(let period, let phase): wave((p.x + p.y) * 0.70710678 + phase, period: period)
        case .checkerboard(let period, let phase):
            checkerDistance(
                wave(p.x + phase.x, period: period), wave(p.y + phase.y, period: period))
        }
    }

    /// Equilateral, one corner up: the largest distance to its three sides.
    private func triangleDistance(_ p: SIMD2<Float>) -> Float {
        max(0.8660254 * abs(p.x) - 0.5 * p.y, p.y) - 0.5 * radius
    }

    /// Five points, one up: folded into one tenth of the plane, where the outline is a single straight side.
    private func starDistance(_ point: SIMD2<Float>) -> Float {
        let normals: (SIMD2<Float>, SIMD2<Float>) = ([0.80901699, -0.58778525], [-0.80901699, -0.58778525])
        var p = SIMD2(abs(point.x), -point.y)
        p -= 2 * max((normals.0 * p).sum(), 0) * normals.0
        p -= 2 * max((normals.1 * p).sum(), 0) * normals.1
        p = SIMD2(abs(p.x), p.y - radius)
        let side: SIMD2<Float> = 0.42 * SIMD2(-normals.0.y, normals.0.x) - SIMD2(0, 1)
        let along = min(max((p * side).sum() / (side * side).sum(), 0), radius)
        let distance = length(p - along * side)
        return p.y * side.x > p.x * side.y ? distance : -distance
    }
}

private func length(_ p: SIMD2<Float>) -> Float { (p * p).sum().squareRoot() }

private func boxDistance(_ p: SIMD2<Float>, half: SIMD2<Float>) -> Float {
    max(abs(p.x) - half.x, abs(p.y) - half.y)
}

/// Signed distance to stripes that are half a period wide.
private func wave(_ x: Float, period: Float) -> Float {
    let turns = x / period
    return (abs(turns - turns.rounded(.down) - 0.5) - 0.25) * period
}

/// Two stripe patterns laid over each other, inside where exactly one of them is.
private func checkerDistance(_ a: Float, _ b: Float) -> Float {
    let nearest = min(abs(a), abs(b))
    return (a < 0) == (b < 0) ? nearest : -nearest
}
