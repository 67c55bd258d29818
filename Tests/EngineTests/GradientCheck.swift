import Execution
import Models
import NumericCore
import Testing

/// Compares a plan's gradients with central differences of its loss.
///
/// Steps are 2^-8 for each element of a direction and 2^-7 for a single element. In single precision a loss L carries an
/// error of some 1e-7 L, which the difference divides by the step; the curvature and the kinks of ReLU and maxima that a
/// step crosses add well below one percent at these sizes. So a gradient must agree to 1 % of its own size, beyond the
/// rounding; an error in a kernel (a border pixel, a factor, a wrong count) is far larger.
struct GradientCheck {
    let run: PlanRun
    let batch: Batch

    private static let tolerance = 0.01
    private static let directionStep: Float = 0x1p-8
    private static let elementStep: Float = 0x1p-7
    private static let elementsOfParameter = 6

    func check(at parameters: ParameterValues, _ location: SourceLocation = #_sourceLocation) throws {
        try run.load(parameters)
        let result = try run.run(batch)
        #expect(result.metrics.loss.isFinite, sourceLocation: location)
        for (index, parameter) in run.network.parameters.enumerated() where parameter.specification.role == .trainable {
            let gradient = result.gradients[index]
            for (name, direction) in directions(gradient, index) {
                try compare(
                    "\(parameter.path) \(name)", gradient, direction, index, Self.directionStep, parameters,
                    loss: result.metrics.loss, location)
            }
            for element in elements(gradient, index) {
                var direction = Array(repeating: Float(0), count: gradient.count)
                direction[element] = 1
                try compare(
                    "\(parameter.path)[\(element)]", gradient, direction, index, Self.elementStep, parameters,
                    loss: result.metrics.loss, location)
            }
        }
    }

    private func compare(
        _ name: String, _ gradient: [Float], _ direction: [Float], _ index: Int, _ step: Float, _ parameters: ParameterValues,
        loss: Double, _ location: SourceLocation
    ) throws {
        let analytic = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let forward = try self.loss(parameters, index, direction, step)
        let backward = try self.loss(parameters, index, direction, -step)
        let numeric = (forward - backward) / (2 * Double(step))
        let squares = gradient.reduce(0) { $0 + Double($1) * Double($1) }
        let ones = direction.reduce(0) { $0 + Double($1) * Double($1) }
        // What a derivative along such a direction typically is.
        let size = max(abs(analytic), (squares * ones / Double(gradient.count)).squareRoot())
        let rounding = 1e-6 * max(abs(loss), 0.1) / Double(step)
        #expect(
            abs(numeric - analytic) <= Self.tolerance * size + rounding,
            "\(name): gradient \(analytic), by differences \(numeric)", sourceLocation: location)
    }

    private func loss(_ parameters: ParameterValues, _ index: Int, _ direction: [Float], _ step: Float) throws -> Double {
        var moved = parameters
        for i in direction.indices { moved[index][i] += step * direction[i] }
        try run.load(moved)
        return try run.run(batch).metrics.loss
    }

    /// The gradient's signs, and two random directions of ±1.
    private func directions(_ gradient: [Float], _ index: Int) -> [(String, [Float])] {
        let random = CounterRandom(seed: 11, purpose: .generatedData, stream: UInt64(index))
        let signs = { (offset: Int) in
            gradient.indices.map { random.bits(UInt64(offset + $0)) & 1 == 0 ? Float(1) : -1 }
        }
        return [
            ("along its signs", gradient.map { $0 < 0 ? -1 : 1 }),
            ("in direction 1", signs(0)), ("in direction 2", signs(gradient.count)),
        ]
    }

    /// The first, the last, the one of the largest gradient, and others at random.
    private func elements(_ gradient: [Float], _ index: Int) -> Set<Int> {
        let random = CounterRandom(seed: 12, purpose: .generatedData, stream: UInt64(index))
        var elements: Set<Int> = [0, gradient.count - 1]
        if let largest = gradient.indices.max(by: { abs(gradient[$0]) < abs(gradient[$1]) }) { elements.insert(largest) }
        for i in 0..<Self.elementsOfParameter - 3 { elements.insert(random.integer(UInt64(i), below: gradient.count)) }
        return elements
    }
}
