import Foundation
import MessagePassing
import TestSupport
import Testing

/// What processors answer to CPUID and XGETBV, and what is made of it.
struct ProcessorTests {
    /// SSE to FMA, AVX, OSXSAVE as processors with AVX2 have them.
    private static let leaf1: UInt32 = 0x7EFA_3203
    /// AVX2, BMI; then F, DQ, BW and VL of AVX-512 with it.
    private static let avx2: UInt32 = 0x0000_0128
    private static let avx512: UInt32 = avx2 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31
    private static let ymm: UInt64 = 0x07
    private static let zmm: UInt64 = 0xE7

    @Test(arguments: [
        ("AVX-512", leaf1, avx512, zmm, Processor.Vectors.avx512),
        ("AVX2", leaf1, avx2, ymm, .avx2),
        ("AVX-512, of which the system keeps no registers", leaf1, avx512, ymm, .avx2),
        ("AVX-512, of which the system keeps half the registers", leaf1, avx512, 0x67, .avx2),
        ("AVX-512 without VL, as Knights Landing", leaf1, avx512 & ~(1 << 31), zmm, .avx2),
        ("AVX-512 without BW", leaf1, avx512 & ~(1 << 30), zmm, .avx2),
        ("AVX2 without FMA", leaf1 & ~(1 << 12), avx2, ymm, .narrow),
        ("AVX-512 without FMA", leaf1 & ~(1 << 12), avx512, zmm, .narrow),
        ("FMA and AVX without AVX2, as Piledriver", leaf1, 0x0000_0108, ymm, .narrow),
        ("AVX2, of which the system keeps no registers", leaf1, avx2, 0x03, .narrow),
        ("a system that does not say what it keeps", leaf1 & ~(1 << 27), avx2, 0, .narrow),
        ("a processor of 2004", 0x0000_0001, 0, 0, .narrow),
    ])
    func vectors(
        _ name: String, _ leaf1ECX: UInt32, _ leaf7EBX: UInt32, _ kept: UInt64, _ expected: Processor.Vectors
    ) {
        let registers = Processor.Registers(leaf1ECX: leaf1ECX, leaf7EBX: leaf7EBX, keptRegisters: kept)
        #expect(Processor(registers).vectors == expected, "\(name)")
    }

    @Test func thisProcessorIsWhatTheSystemSays() throws {
        let flags = try processorFlags()
        let expected: Processor.Vectors =
            flags.isSuperset(of: ["avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"])
            ? .avx512 : flags.isSuperset(of: ["avx2", "fma"]) ? .avx2 : .narrow
        #expect(Processor.current.vectors == expected)
    }
}

/// Which kernels are chosen on which processor.
struct KernelsTests {
    private static let wide = Processor(vectors: .avx512)
    private static let plain = Processor(vectors: .avx2)

    @Test(
        arguments: [
            (plain, nil, "Haswell", nil), (wide, nil, "SkylakeX", nil), (wide, "", "SkylakeX", nil),
            (wide, "default", "SkylakeX", nil), (wide, "haswell", "Haswell", nil), (wide, "zen", "Zen", nil),
            (plain, "sandybridge", "Sandybridge", nil), (wide, "avx2", "Haswell", "AVX2"),
            (wide, "avx512", "SkylakeX", "AVX512_CORE"), (wide, "skylakex", "SkylakeX", nil),
        ] as [(Processor, String?, String, String?)])
    func choice(_ processor: Processor, _ value: String?, _ core: String, _ limit: String?) throws {
        let environment = value.map { [Kernels.variable: $0] } ?? [:]
        let kernels = try Kernels(environment, processor: processor)
        #expect(kernels.openBLASCore == core)
        #expect(kernels.oneDNNLimit == limit)
    }

    @Test(arguments: Kernels.Choice.allCases)
    func aProcessorWithoutAVX2IsRefused(_ choice: Kernels.Choice) throws {
        let error = try #require(throws: ProcessorError.self) {
            try Kernels(choice, processor: Processor(vectors: .narrow))
        }
        #expect(error.description.contains("AVX2 and FMA"))
        #expect(error.description.contains("Remedy: use a processor with AVX2"))
    }

    @Test(arguments: [("avx512", "needs AVX-512"), ("skylakex", "needs AVX-512"), ("sse", "names no kernels")])
    func aValueThatCannotBeIsRefused(_ value: String, _ words: String) throws {
        let error = try #require(throws: ProcessorError.self) {
            try Kernels([Kernels.variable: value], processor: Self.plain)
        }
        #expect(error.description.contains("DPTRAIN_TEST_KERNELS=\(value) \(words)"))
        #expect(error.description.contains("one of default, avx2, haswell, zen, sandybridge."))
    }

    @Test(arguments: [plain, wide])
    func whatIsWorthTestingCanBeTested(_ processor: Processor) throws {
        let standard = try Kernels(.standard, processor: processor)
        for choice in Kernels.worthTesting(on: processor) {
            #expect(try Kernels(choice, processor: processor) != standard, "\(choice)")
        }
    }
}

/// The environment that is asked for, whatever was there.
struct RelaunchTests {
    private static let preset = [
        "OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_L2_SIZE": "8192", "OMP_NUM_THREADS": "7",
        "DNNL_MAX_CPU_ISA": "SSE41",
        "ONEDNN_MAX_CPU_ISA": "AVX", "ONEDNN_CPU_ISA_HINTS": "PREFER_YMM", "DNNL_DEFAULT_FPMATH_MODE": "BF16",
        "HOME": "/home/someone",
    ]

    @Test(arguments: [Kernels.Choice.standard, .avx2, .avx512])
    func changesEndInTheSameEnvironment(_ choice: Kernels.Choice) throws {
        let kernels = try Kernels(choice, processor: Processor(vectors: .avx512))
        func changed(_ environment: [String: String]) -> [String: String] {
            Relaunch.changes(to: environment, threads: 2, kernels: kernels).reduce(into: environment) {
                $0[$1.name] = $1.value
            }
        }
        var fromPreset = changed(Self.preset)
        #expect(fromPreset.removeValue(forKey: "HOME") == "/home/someone")
        #expect(fromPreset == changed([:]))
        #expect(fromPreset["OPENBLAS_CORETYPE"] == kernels.openBLASCore)
        #expect(fromPreset["ONEDNN_MAX_CPU_ISA"] == kernels.oneDNNLimit)
        #expect(fromPreset["OMP_NUM_THREADS"] == "2")
        #expect(Relaunch.changes(to: fromPreset, threads: 2, kernels: kernels) == [])
    }

    /// The program of the tests has started itself over, also where a bare `swift test` began it.
    @Test func theTestsHaveTheKernelsOfRuns() throws {
        let environment = ProcessInfo.processInfo.environment
        #expect(Relaunch.changes(to: environment, threads: 1, kernels: try .chosen) == [])
    }
}
