import Execution
import Lowering
import Models
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// 1.7159 tanh(2/3 x) against the mathematics library in double precision.
@Suite struct ScaledTanhTests {
    /// Some six roundings of 6e-8, relative: to small values as to those where the function no longer grows. oneDNN's engine
    /// takes a quotient of polynomials, the other one the library's function.
    private static let tolerance = 4e-7

    /// So many that some are left over behind the last full register.
    private static let magnitudes = (0..<1_003).map { exp(-30 + 35 * Float($0) / 1_002) }

    @Test(arguments: TestedEngine.all)
    func value(_ engine: TestedEngine) throws {
        let inputs = Self.magnitudes + Self.magnitudes.map { -$0 } + [0]
        for (x, y) in zip(inputs, try outputs(of: inputs, engine)) {
            let exact = Double(ScaledTanh.amplitude) * tanh(Double(ScaledTanh.slope) * Double(x))
            #expect(abs(Double(y) - exact) <= Self.tolerance * abs(exact), "of \(x)")
            // Beyond it the gradient, of A² - y², would change its sign.
            #expect(abs(y) <= ScaledTanh.amplitude, "of \(x)")
        }
    }

    @Test(arguments: TestedEngine.all)
    func limits(_ engine: TestedEngine) throws {
        let outputs = try outputs(of: [.infinity, -.infinity, .nan], engine)
        #expect(abs(outputs[0] - ScaledTanh.amplitude) < 1e-6)
        #expect(abs(outputs[1] + ScaledTanh.amplitude) < 1e-6)
        #expect(outputs[2].isNaN)
    }

    private func outputs(of inputs: [Float], _ engine: TestedEngine) throws -> [Float] {
        let network = try Network.build([inputs.count]) { g, x in _ = g.activation(x, .scaledTanh) }
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [1], purpose: .prediction)
        var batch = Batch(for: network, samples: 1, kind: .values)
        batch.inputs = inputs
        return try run.run(batch).outputs
    }
}
