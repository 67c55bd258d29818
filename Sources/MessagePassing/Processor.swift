import CIntrinsics

/// What this machine's processor computes with.
///
/// Asked of the processor itself: `/proc/cpuinfo` shows an emulated program the processor of the machine that emulates.
public struct Processor: Sendable, Equatable {
    /// Instruction sets that the system supports too, each with those before it.
    public enum Vectors: Int, Sendable, Comparable {
        /// Less than AVX2 and FMA.
        case narrow
        /// AVX2 and FMA.
        case avx2
        /// AVX-512 with what all such processors since Skylake have: F, BW, DQ and VL.
        case avx512

        public static func < (a: Vectors, b: Vectors) -> Bool { a.rawValue < b.rawValue }
    }

    public let vectors: Vectors

    public init(vectors: Vectors) { self.vectors = vectors }

    public static var current: Processor { Processor(Registers.current) }

    /// What the CPUID and XGETBV instructions answer.
    public struct Registers: Sendable {
        /// Of leaf 1, and of leaf 7: 0 for a leaf that the processor does not have.
        public var leaf1ECX: UInt32
        public var leaf7EBX: UInt32
        /// The registers that the system keeps for each program, a bit a kind; 0 if it says nothing.
        public var keptRegisters: UInt64

        public init(leaf1ECX: UInt32, leaf7EBX: UInt32, keptRegisters: UInt64) {
            self.leaf1ECX = leaf1ECX
            self.leaf7EBX = leaf7EBX
            self.keptRegisters = keptRegisters
        }

        static var current: Registers {
            let leaf1 = dptrain_cpuid(1, 0)
            return Registers(
                leaf1ECX: leaf1.ecx, leaf7EBX: dptrain_cpuid(7, 0).ebx,
                // The instruction exists only where the system has switched it on.
                keptRegisters: leaf1.ecx >> 27 & 1 == 1 ? dptrain_kept_registers() : 0)
        }
    }

    public init(_ registers: Registers) {
        func has(_ bits: [UInt32], in register: UInt32) -> Bool { bits.allSatisfy { register >> $0 & 1 == 1 } }
        // XMM and YMM; then the masks, and both halves of ZMM.
        let keepsYMM = registers.keptRegisters & 0x06 == 0x06
        let keepsZMM = registers.keptRegisters & 0xE6 == 0xE6
        // FMA, OSXSAVE and AVX; AVX2.
        let hasAVX2 = keepsYMM && has([12, 27, 28], in: registers.leaf1ECX) && has([5], in: registers.leaf7EBX)
        // F, DQ, BW, VL.
        let hasAVX512 = hasAVX2 && keepsZMM && has([16, 17, 30, 31], in: registers.leaf7EBX)
        vectors = hasAVX512 ? .avx512 : hasAVX2 ? .avx2 : .narrow
    }
}
