import BLASEngine
import Execution
import Testing

#if ONEDNN
import OneDNNEngine
#endif

/// The engines that every test of this target runs on.
struct TestedEngine: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () throws -> any Engine

    static let blas = TestedEngine(testDescription: "blas") { OpenBLASEngine() }

    #if ONEDNN
    static let all = [blas, TestedEngine(testDescription: "onednn") { try DNNLEngine() }]
    #else
    static let all = [blas]
    #endif

    #if ONEDNN
    /// The engine that computes bf16, where the processor does.
    static let bf16 = all.last.flatMap { (try? DNNLEngine().computesBF16) == true ? $0 : nil }
    #else
    static let bf16: TestedEngine? = nil
    #endif

    #if ONEDNN
    /// Those in which a NaN goes through ReLUs and maxima. With oneDNN's own it does not: a run then finds it in gradients
    /// and weights.
    static let keepingNaN = all.filter { engine in
        guard let onednn = try? engine.make() as? DNNLEngine else { return true }
        return onednn.hasOwnKernels
    }
    #else
    static let keepingNaN = all
    #endif

    #if ONEDNN
    /// Those whose threads share kernels.
    static let withThreads = [TestedEngine(testDescription: "onednn, 3 threads") { try DNNLEngine(threads: 3) }]
    #else
    static let withThreads: [TestedEngine] = []
    #endif

    /// Whether the engine computes bf16 on this processor.
    var computesBF16: Bool { testDescription == Self.bf16?.testDescription }

    /// Those that must agree with the first.
    static let others = Array(all.dropFirst())
}
