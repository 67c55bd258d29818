import Basics
import Foundation
import Interchange
import Optimization
import Testing

/// Constraints and penalties of weights. OptimizationTests/Golden/generate_constraints.py writes what Keras's constraints make.
@Suite struct WeightRuleTests {
    private static let cases: [JSONValue] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../OptimizationTests/Golden/keras_constraints.json")
        return (try? JSONValue(parsing: String(contentsOf: file, encoding: .utf8)).array) ?? []
    }()

    @Test func thereAreCases() { #expect(Self.cases.count == 8) }

    @Test(arguments: Self.cases.indices)
    func constraintsAreThoseOfKeras(_ number: Int) throws {
        let item = Self.cases[number]
        let shape = Shape(try #require(item["shape"]?.array).compactMap(\.integer))
        let constraint = try #require(WeightConstraint(keras: item, rank: shape.rank))
        var weights = try #require(item["weights"]?.array).compactMap { $0.number.map { Float($0) } }
        let expected = try #require(item["result"]?.array).compactMap { $0.number.map { Float($0) } }
        var lengths = [Float](repeating: .nan, count: shape.count)
        constraint.project(&weights, shape, lengths: &lengths)
        #expect(weights.count == expected.count)
        for (found, expected) in zip(weights, expected) {
            #expect(abs(found - expected) <= 2e-6 * max(abs(expected), 0.1), "\(found), not \(expected)")
        }
    }

    /// The derivative of |w| at zero is zero.
    @Test func penaltiesAreInTheGradient() {
        var step = UpdateStep(scale: 0.5, learningRate: 1, iteration: 0, l2: 0.25)
        step.l1 = 2
        var gradient: [Float] = [8, 8, 8]
        step.regularize(&gradient, weights: [3, 0, -1], count: 3)
        // 8 · 0.5 + 2 · 0.25 w + 2 sign(w)
        let expected: [Float] = [7.5, 4, 1.5]
        #expect(gradient == expected)
        #expect(step.regularized().l1 == 0 && step.regularized().l2 == 0)
    }
}
