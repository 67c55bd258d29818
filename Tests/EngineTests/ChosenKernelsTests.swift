import BLASEngine
import MessagePassing
import TestSupport
import Testing

#if ONEDNN
import OneDNNEngine
#endif

/// The libraries compute with the kernels that were chosen for them. They read the choice from the environment when they are
/// loaded, and pass over a name that they do not know.
@Suite struct ChosenKernelsTests {
    @Test func openBLASHasTheChosenCore() throws {
        let words = OpenBLASEngine().description.split(separator: " ").map(String.init)
        #expect(words.contains(try Kernels.chosen.openBLASCore), "\(words)")
    }

    #if ONEDNN
    @Test func oneDNNHasTheChosenInstructions() throws {
        let expected = try Self.instructions(limit: Kernels.chosen.oneDNNLimit, flags: processorFlags())
        let engine = try DNNLEngine()
        #expect(engine.description.hasSuffix(" \(expected)"), "\(engine.description), not \(expected)")
        #expect(engine.hasOwnKernels == expected.hasPrefix("AVX-512"))
        #expect(engine.computesBF16 == ["AVX-512 BF16", "AVX-512 AMX"].contains(expected))
    }

    /// As the engine names them: what it is held to, or the best that the processor has.
    private static func instructions(limit: String?, flags: Set<Substring>) -> String {
        switch limit {
        case "AVX2": return "AVX2"
        case "AVX512_CORE": return "AVX-512"
        default: break
        }
        let names: KeyValuePairs<Substring, String> = [
            "amx_tile": "AVX-512 AMX", "avx512_bf16": "AVX-512 BF16", "avx512_vnni": "AVX-512 VNNI",
            "avx512vl": "AVX-512", "avx_vnni": "AVX2 VNNI",
        ]
        return names.first { flags.contains($0.key) }?.value ?? "AVX2"
    }
    #endif
}
