import CDNNL
import Execution

/// The process's oneDNN engine and stream. One of each is enough: a rank computes on one stream.
package final class Library: @unchecked Sendable {
    package let engine: dnnl_engine_t
    package let stream: dnnl_stream_t
    /// Threads a kernel, this one among them.
    package let threads: Int
    /// Whether kernels of CConvolution for AVX-512 serve. Ranks compare oneDNN's instruction set, since kernels may be held back
    /// (DPTRAIN_TEST_KERNELS) to less than the processor has.
    package let hasOwnKernels: Bool
    /// Floats in a register of kernels that CConvolution has for AVX2 as well as for AVX-512; 0 on processors with neither.
    package let lanes: Int

    package init(threads: Int) throws {
        let (avx2, avx512) = (dnnl_cpu_isa_avx2.rawValue, dnnl_cpu_isa_avx512_core.rawValue)
        let instructions = dnnl_get_effective_cpu_isa().rawValue
        self.threads = threads
        hasOwnKernels = instructions & avx512 == avx512
        lanes = instructions & avx512 == avx512 ? 16 : instructions & avx2 == avx2 ? 8 : 0
        var engine: dnnl_engine_t?
        try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "create the CPU engine")
        guard let engine else { throw failure("create the CPU engine", "the library returned none") }
        var stream: dnnl_stream_t?
        try check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "create a stream")
        guard let stream else { throw failure("create a stream", "the library returned none") }
        self.engine = engine
        self.stream = stream
    }

    deinit {
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(engine)
    }

    package var version: String {
        guard let version = dnnl_version()?.pointee else { return "unknown" }
        return "\(version.major).\(version.minor).\(version.patch)"
    }

    /// Whether the processor multiplies bfloat16; oneDNN would emulate it on older ones, slower than single precision.
    package var computesBF16: Bool {
        let bf16 = dnnl_cpu_isa_avx512_core_bf16.rawValue
        return dnnl_get_effective_cpu_isa().rawValue & bf16 == bf16
    }

    /// The instruction set that oneDNN's kernels are made for on this processor.
    package var instructionSet: String {
        switch dnnl_get_effective_cpu_isa() {
        case dnnl_cpu_isa_sse41: "SSE4.1"
        case dnnl_cpu_isa_avx: "AVX"
        case dnnl_cpu_isa_avx2: "AVX2"
        case dnnl_cpu_isa_avx2_vnni: "AVX2 VNNI"
        case dnnl_cpu_isa_avx512_core: "AVX-512"
        case dnnl_cpu_isa_avx512_core_vnni: "AVX-512 VNNI"
        case dnnl_cpu_isa_avx512_core_bf16: "AVX-512 BF16"
        case dnnl_cpu_isa_avx512_core_amx: "AVX-512 AMX"
        case let other: "ISA 0x" + String(other.rawValue, radix: 16)
        }
    }
}

/// Every call of the library goes through here.
package func check(_ status: dnnl_status_t, _ operation: String, layer: String? = nil) throws {
    if status == dnnl_success { return }
    let reason =
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "oneDNN does not accept the arguments"
        case dnnl_unimplemented: "oneDNN has no implementation; try --engine blas"
        case dnnl_runtime_error: "a runtime error in oneDNN"
        default: "oneDNN status \(status.rawValue)"
        }
    throw EngineError(engine: "onednn", layer: layer, operation: operation, reason: reason)
}

package func failure(_ operation: String, _ reason: String, layer: String? = nil) -> EngineError {
    EngineError(engine: "onednn", layer: layer, operation: operation, reason: reason)
}
