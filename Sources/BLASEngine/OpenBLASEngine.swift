internal import CBLAS
import Execution
import Lowering

/// Matrix products by OpenBLAS, everything else by plain loops; tensors and parameters row-major as Keras has them. It
/// runs wherever OpenBLAS does, and is the oracle that faster engines are tested against.
public struct OpenBLASEngine: Engine {
    public let name = "blas"

    /// OpenBLAS is held to `threads` threads in the whole process: the order of its sums depends on their number.
    public init(threads: Int = 1) {
        precondition(threads > 0, "an engine needs a thread")
        openblas_set_num_threads(Int32(threads))
    }

    /// Version, build options and the processor family whose kernels OpenBLAS chose.
    public var description: String {
        String(cString: openblas_get_config()).split(separator: " ").joined(separator: " ")
    }

    public func plan(_ request: PlanRequest) throws -> Plan {
        guard request.precision == .fp32 else {
            throw EngineError(
                engine: name, layer: nil, operation: "precision \(request.precision.rawValue)",
                reason: "this engine computes in fp32 only; use --engine onednn, or --precision fp32")
        }
        return try Planner.plan(request) { BLASCompiler(builder: $0) }
    }

    public func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, size: Int
    ) {
        MatrixProduct(rows: size, columns: size, depth: size).run(a, b, into: c)
    }
}
