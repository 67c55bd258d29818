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

    /// Those that must agree with the first.
    static let others = Array(all.dropFirst())
}
