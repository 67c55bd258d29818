import Basics

/// What one generated image shows: a background, clutter, the figure that gives the class, and light over all of it.
///
/// Colours run from 0 to 1 and are cut off there when the image is quantized. The ranges below set how hard the task is.
struct Scene {
    private static let centre = SIMD2<Float>(Float(GeneratedImages.width), Float(GeneratedImages.height)) / 2

    private var background: (SIMD3<Float>, SIMD3<Float>)
    private var direction: SIMD2<Float>
    private var clutter: [(figure: Figure, colour: SIMD3<Float>)] = []
    private var figure: Figure
    private var colour: SIMD3<Float>
    private var gain: Float
    private var shade: SIMD2<Float>

    init(_ kind: GeneratedClass, draws: inout Draws) {
        background = Self.background(&draws)
        direction = draws.rotation(halfTangent: -1..<1)
        let ground = (background.0 + background.1) / 2
        colour = Self.colour(contrasting: ground, &draws)
        figure = Self.figure(kind, &draws)
        gain = draws.uniform(0.7..<1.1)
        shade = draws.point(-0.25..<0.25)
        for _ in 0..<draws.integer(2...6) {
            clutter.append((Self.clutter(&draws), draws.colour(0..<1)))
        }
    }

    func paint(on canvas: Canvas) {
        canvas.fill { point in
            let t = 0.5 + ((point - Self.centre) * direction).sum() / 32
            return background.0 + (background.1 - background.0) * t
        }
        for item in clutter { canvas.draw(item.figure, colour: item.colour) }
        canvas.draw(figure, colour: colour)
        canvas.light { point in gain * (1 + ((point - Self.centre) * shade).sum() / 16) }
    }

    private static func background(_ draws: inout Draws) -> (SIMD3<Float>, SIMD3<Float>) {
        let first = draws.colour(0.1..<0.9)
        return (first, first + draws.colour(-0.25..<0.25))
    }

    /// A colour that stands out from `ground` by its lightness, and is darker as often as lighter: no class has a level
    /// of grey of its own.
    private static func colour(contrasting ground: SIMD3<Float>, _ draws: inout Draws) -> SIMD3<Float> {
        let level = ground.sum() / 3
        let lighter = level < 0.35 || (level < 0.65 && draws.bool())
        let step = draws.uniform(0.24..<0.55)
        return ground + (lighter ? step : -step) + draws.colour(-0.2..<0.2)
    }

    private static func figure(_ kind: GeneratedClass, _ draws: inout Draws) -> Figure {
        let radius = draws.uniform(7..<12.5)
        let centre = Self.centre + draws.point(-1..<1) * min(16 - radius, 6)
        let rotation = draws.rotation(halfTangent: -0.15..<0.15)
        let period = draws.uniform(4..<7)
        let phase = draws.point(0..<7)
        // A texture comes in either outline, so that the outline does not give the texture away.
        let patch: Figure.Outline = draws.bool() ? .disc : .square
        func plain(_ outline: Figure.Outline) -> Figure {
            Figure(outline: outline, centre: centre, radius: radius, rotation: rotation)
        }
        func textured(_ texture: Figure.Texture) -> Figure {
            Figure(outline: patch, texture: texture, centre: centre, radius: radius, rotation: rotation)
        }
        switch kind {
        case .disc: return plain(.disc)
        case .square: return plain(.square)
        case .triangle: return plain(.triangle)
        case .cross: return plain(.cross)
        case .ring: return plain(.ring)
        case .star: return plain(.star)
        case .horizontalStripes: return textured(.horizontalStripes(period: period, phase: phase.x))
        case .verticalStripes: return textured(.verticalStripes(period: period, phase: phase.x))
        case .diagonalStripes: return textured(.diagonalStripes(period: period, phase: phase.x))
        case .checkerboard: return textured(.checkerboard(period: 1.5 * period, phase: phase))
        }
    }

    private static func clutter(_ draws: inout Draws) -> Figure {
        Figure(
            outline: draws.bool() ? .disc : .bar, centre: draws.point(0..<32), radius: draws.uniform(1.5..<4),
            rotation: draws.rotation(halfTangent: -1..<1))
    }
}
