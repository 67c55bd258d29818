import Basics
import CConvolution
import Execution
import OneDNN

/// The parts in which threads share a kernel of CConvolution: samples, channels or blocks of them, never addends of a sum. With one
/// thread there is one part, the whole.
struct Parts: Sendable {
    private let parts: [dptrain_part]
    private let threads: Int

    /// Each part but the last has a multiple of `multiple` units.
    init(of units: Int, multiple: Int = 1, threads: Int) {
        let groups = units.dividedRoundingUp(by: multiple)
        let count = max(1, min(groups, threads))
        parts = (0..<count).map { part in
            dptrain_part(
                first: groups * part / count * multiple, end: min(units, groups * (part + 1) / count * multiple))
        }
        self.threads = threads
    }

    var count: Int { parts.count }

    /// A kernel that calls `compute` with each part and its number.
    func kernel(_ compute: @escaping (dptrain_part, Int) -> Void) -> Kernel {
        if let whole = parts.first, parts.count == 1 { return { _ in compute(whole, 0) } }
        let (shared, threads) = (SharedKernel(parts, compute), threads)
        return { _ in
            withExtendedLifetime(shared) {
                dptrain_compute_parts(
                    shared.parts.count, threads, SharedKernel.computePart, Unmanaged.passUnretained(shared).toOpaque())
            }
        }
    }
}

/// What threads of C get of a kernel.
private final class SharedKernel {
    let parts: [dptrain_part]
    let compute: (dptrain_part, Int) -> Void

    init(_ parts: [dptrain_part], _ compute: @escaping (dptrain_part, Int) -> Void) {
        self.parts = parts
        self.compute = compute
    }

    static let computePart: @convention(c) (UnsafeRawPointer?, Int) -> Void = { context, index in
        guard let context else { return }
        let kernel = Unmanaged<SharedKernel>.fromOpaque(context).takeUnretainedValue()
        kernel.compute(kernel.parts[index], index)
    }
}

/// Values of a line of the cache, whatever their type: between them kernels of elements are divided.
let lineOfValues = 64

/// Makes of memory what computes a part of a kernel, with the part's scratch memory.
typealias PartBinding = (Memory) -> (dptrain_part, UnsafeMutablePointer<Float>?) -> Void

extension DNNLCompiler {
    /// Emits a kernel of CConvolution in parts of `units`. Each part has `scratch` floats of memory of its own.
    func emit(
        _ detail: String? = nil, partsOf units: Int, multiple: Int = 1, scratch floats: Int = 0, reads: [BufferID],
        writes: [BufferID], bind: @escaping PartBinding, forAllShards: (units: Int, bind: PartBinding)? = nil
    ) {
        let parts = Parts(of: units, multiple: multiple, threads: library.threads)
        let all = forAllShards.map { Parts(of: $0.units, multiple: multiple, threads: library.threads) }
        // Few samples of one shard may be fewer parts than those of all shards.
        let count = max(parts.count, all?.count ?? 0)
        // Parts of several threads do not share a line of the cache.
        let stride = count == 1 ? floats : floats.rounded(upToMultipleOf: lineOfValues)
        let scratch = floats == 0 ? nil : builder.scratch(floats: stride * count)
        func kernel(_ parts: Parts, _ bind: PartBinding, _ memory: Memory) -> Kernel {
            let (compute, scratch) = (bind(memory), scratch.map { memory.floats($0) })
            return parts.kernel { part, number in compute(part, scratch.map { $0 + number * stride }) }
        }
        builder.emit(
            detail, reads: reads, writes: writes + (scratch.map { [$0] } ?? []), bind: { kernel(parts, bind, $0) },
            forAllShards: forAllShards.flatMap { given in all.map { all in { kernel(all, given.bind, $0) } } })
    }
}
