import FoundationEssentials

/// Which kernels compute, of those that the libraries have for one processor or another.
public struct Kernels: Sendable, Equatable {
    /// A variable of ours, for tests: sets of kernels are named by it that this processor would not choose.
    public static let variable = "DPTRAIN_TEST_KERNELS"

    /// The values of the variable.
    public enum Choice: String, Sendable, CaseIterable {
        /// The best that the processor has.
        case standard = "default"
        /// All kernels as for AVX2.
        case avx2
        /// All kernels as for AVX-512 without what came after it (VNNI, BF16).
        case avx512
        /// OpenBLAS's of this name; oneDNN's are the best.
        case haswell
        case zen
        case sandybridge
        case skylakex

        var needs: Processor.Vectors {
            switch self {
            case .standard, .avx2, .haswell, .zen, .sandybridge: .avx2
            case .avx512, .skylakex: .avx512
            }
        }
    }

    /// The processor that OpenBLAS takes this one for: chosen by instruction set, since old versions do not know new
    /// processors and fall back to slower kernels.
    public let openBLASCore: String
    /// What oneDNN is held to, and with it our own vector code; nil where it may use all that the processor has.
    public let oneDNNLimit: String?

    public init(_ choice: Choice, processor: Processor) throws {
        guard processor.vectors >= .avx2 else {
            throw ProcessorError(
                reason: "dptrain computes with AVX2 and FMA, which this processor does not have, or this system (or "
                    + "emulator) does not offer",
                remedy:
                    "use a processor with AVX2 and FMA (Intel's since Haswell, AMD's since Excavator); in a virtual "
                    + "machine, have it show the host's processor")
        }
        guard processor.vectors >= choice.needs else {
            throw ProcessorError(
                reason: "\(Self.variable)=\(choice.rawValue) needs AVX-512, which this processor does not have",
                remedy: Self.otherValues(processor))
        }
        switch choice {
        case .standard: openBLASCore = processor.vectors >= .avx512 ? "SkylakeX" : "Haswell"
        case .avx2, .haswell: openBLASCore = "Haswell"
        case .avx512, .skylakex: openBLASCore = "SkylakeX"
        case .zen: openBLASCore = "Zen"
        case .sandybridge: openBLASCore = "Sandybridge"
        }
        switch choice {
        case .standard, .haswell, .zen, .sandybridge, .skylakex: oneDNNLimit = nil
        case .avx2: oneDNNLimit = "AVX2"
        case .avx512: oneDNNLimit = "AVX512_CORE"
        }
    }

    /// Those that `environment` names; where it names none, the best.
    public init(_ environment: [String: String], processor: Processor) throws {
        let name = environment[Self.variable] ?? ""
        guard let choice = name.isEmpty ? .standard : Choice(rawValue: name) else {
            throw ProcessorError(
                reason: "\(Self.variable)=\(name) names no kernels", remedy: Self.otherValues(processor))
        }
        try self.init(choice, processor: processor)
    }

    /// Those of this process. Throws on a processor that dptrain does not compute on.
    public static var chosen: Kernels {
        get throws { try Kernels(ProcessInfo.processInfo.environment, processor: .current) }
    }

    /// What tests should compute with beside the standard, so that all kernels are tried that runs may have: those of
    /// lesser processors. Below AVX2 there are none, but OpenBLAS has kernels that round in other ways; oneDNN's for AVX
    /// make mistakes.
    public static func worthTesting(on processor: Processor) -> [Choice] {
        switch processor.vectors {
        case .narrow: []
        case .avx2: [.zen, .sandybridge]
        case .avx512: [.avx2, .avx512]
        }
    }

    private static func otherValues(_ processor: Processor) -> String {
        let names = Choice.allCases.filter { $0.needs <= processor.vectors }.map(\.rawValue)
        return "unset it, or set it to one of \(names.joined(separator: ", "))"
    }
}

/// The processor is not one that can compute what was asked for.
public struct ProcessorError: Error, CustomStringConvertible, Sendable {
    public let reason: String
    public let remedy: String

    public var description: String { "Choosing kernels failed: \(reason). Remedy: \(remedy)." }
}
