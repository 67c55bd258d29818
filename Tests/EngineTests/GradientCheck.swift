import Execution
import Models
import Basics
import Testing

/// Compares a plan's gradients with central differences of its loss.
///
/// In single precision a loss L carries an error of some 1e-7 L, which the difference divides by its step, so steps
/// cannot be small; and a large one crosses kinks of ReLU and maxima. The step is therefore halved from 2^-7 until the
/// differences to either side agree, and agree with those of the step before: the loss is then smooth in between. Where
/// they never do, a kink lies too near and nothing is said; at least half of a parameter's comparisons must be decided.
/// The choice looks at the loss alone, never at the gradient under test. A gradient must agree to 1 % beyond rounding;
/// an error in a kernel (a border pixel, a factor, a wrong count) is far larger.
struct GradientCheck {
    let run: PlanRun
    let batch: Batch

    private static let tolerance = 0.01
    /// How nearly two differences must agree to be trusted.
    private static let smoothness = 0.003
    private static let steps: [Float] = [0x1p-7, 0x1p-8, 0x1p-9, 0x1p-10, 0x1p-11, 0x1p-12]
    private static let elementsOfParameter = 6

    /// Of a batch in one shard, and in two of other sizes.
    static func checkShards(_ engine: TestedEngine, _ network: Network, _ loss: Loss, _ kind: TargetKind) throws {
        for sizes in [[3], [1, 2]] {
            let run = try PlanRun(engine.make(), network, loss: loss, kind: kind, shards: sizes)
            let batch = Batch(for: network, samples: run.batchSize, kind: kind)
            try GradientCheck(run: run, batch: batch).check(at: network.randomParameters())
        }
    }

    func check(at parameters: ParameterValues, _ location: SourceLocation = #_sourceLocation) throws {
        try run.load(parameters)
        let result = try run.run(batch)
        #expect(result.metrics.loss.isFinite, sourceLocation: location)
        for (index, parameter) in run.network.parameters.enumerated() where parameter.specification.role == .trainable {
            let gradient = result.gradients[index]
            var probes = directions(gradient, index)
            for element in elements(gradient, index) {
                var direction = Array(repeating: Float(0), count: gradient.count)
                direction[element] = 1
                probes.append(("of element \(element)", direction))
            }
            var decided = 0
            for (name, direction) in probes {
                guard let slope = try slope(parameters, index, direction, loss: result.metrics.loss) else { continue }
                decided += 1
                let analytic = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                #expect(
                    abs(slope.value - analytic) <= slope.tolerance,
                    "\(parameter.path) \(name): \(analytic), by differences \(slope.value) ± \(slope.tolerance)",
                    sourceLocation: location)
            }
            #expect(
                decided * 2 >= probes.count, "\(parameter.path): \(decided) of \(probes.count) comparisons decided",
                sourceLocation: location)
        }
    }

    /// The derivative of the loss along a direction, if the loss is smooth enough there to tell.
    private func slope(
        _ parameters: ParameterValues, _ index: Int, _ direction: [Float], loss: Double
    ) throws -> (value: Double, tolerance: Double)? {
        var last: Double?
        for step in Self.steps {
            let ahead = (try self.loss(parameters, index, direction, step) - loss) / Double(step)
            let behind = (loss - (try self.loss(parameters, index, direction, -step))) / Double(step)
            let value = (ahead + behind) / 2
            let rounding = 3e-7 * max(abs(loss), 0.1) / Double(step)
            let spread = Self.smoothness * abs(value) + rounding
            if let last, abs(value - last) <= spread, abs(ahead - behind) <= 2 * spread {
                return (value, Self.tolerance * abs(value) + 2 * rounding)
            }
            last = value
        }
        return nil
    }

    private func loss(
        _ parameters: ParameterValues, _ index: Int, _ direction: [Float], _ step: Float
    ) throws -> Double {
        var moved = parameters
        for i in direction.indices { moved[index][i] += step * direction[i] }
        try run.load(moved)
        return try run.run(batch).metrics.loss
    }

    /// The gradient's signs, and two random patterns of signs, at unit length.
    private func directions(_ gradient: [Float], _ index: Int) -> [(String, [Float])] {
        let random = CounterRandom(seed: 11, purpose: .generatedData, stream: UInt64(index))
        let length = 1 / Float(gradient.count).squareRoot()
        let signs = { (start: Int) in
            gradient.indices.map { random.bits(UInt64(start + $0)) & 1 == 0 ? length : -length }
        }
        return [
            ("along the gradient's signs", gradient.map { $0 < 0 ? -length : length }),
            ("in direction 1", signs(0)), ("in direction 2", signs(gradient.count)),
        ]
    }

    /// The first, the last, the one of the largest gradient, and others at random.
    private func elements(_ gradient: [Float], _ index: Int) -> Set<Int> {
        let random = CounterRandom(seed: 12, purpose: .generatedData, stream: UInt64(index))
        let largest = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) }
        var elements: Set<Int> = [0, gradient.count - 1, largest ?? 0]
        for i in 0..<Self.elementsOfParameter - 3 { elements.insert(random.integer(UInt64(i), below: gradient.count)) }
        return elements
    }
}
