import CDNNL
import CDNNL
import Execution
import Lowering
import OneDNN

/// The fast engine: oneDNN's primitives in the layouts they prefer, kept through the whole plan.
public final class DNNLEngine: Engine {
    public let name = "onednn"
    public let description: String
    private let library: Library

    /// OpenMP's thread count must be set to `threads` in the environment before the process starts: oneDNN reads it there.
    public init(threads: Int = 1) throws {
        library = try Library(threads: threads)
        description = "oneDNN \(library.version) \(library.instructionSet)"
    }

    /// Whether `plan` takes `Precision.bf16` on this processor.
    public var computesBF16: Bool { library.computesBF16 }

    /// Whether kernels of our own compute some layers. A NaN stays one in those; oneDNN's make 0 of it in a ReLU, and leave
    /// it out of a maximum.
    public var hasOwnKernels: Bool { library.hasOwnKernels }

    public func plan(_ request: PlanRequest) throws -> Plan {
        if request.precision == .bf16, !computesBF16 {
            throw failure(
                "precision bf16",
                "needs a processor with AVX512_BF16, and oneDNN takes this one for \(library.instructionSet); "
                    + "use --precision fp32")
        }
        let type = request.precision == .bf16 ? dnnl_bf16 : dnnl_f32
        let sideBySide = SamplesSideBySide(request, library)
        let remadeValues = RemadeValues(savesMemory: request.packsMemory)
        let activatedNormalizations = ActivatedNormalizations(request, library)
        return try Planner.plan(request) {
            DNNLCompiler(
                builder: $0, library: library, type: type, sideBySide: sideBySide, remadeValues: remadeValues,
                activatedNormalizations: activatedNormalizations)
        }
    }

    public func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, size: Int
    ) throws {
        let plain = CChar(UInt8(ascii: "N"))
        let n = dnnl_dim_t(size)
        try check(dnnl_sgemm(plain, plain, n, n, n, 1, a, n, b, n, 0, c, n), "multiply matrices")
    }
}
