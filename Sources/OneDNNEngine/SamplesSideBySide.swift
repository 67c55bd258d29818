import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// The convolutions of a network that run with samples side by side in a register, 16 in AVX-512 and 8 in AVX2, where oneDNN would
/// put as many channels.
///
/// Channels of odd numbers leave lanes idle there, samples of odd numbers here; all else is equally fast, so the fewer
/// idle lanes decide: a function of the network, the shard's samples and the processor, on which all ranks agree.
/// Leaving the layout costs about as much as a small convolution, so the result must go to another such convolution, to
/// a pooling, which leaves little of it, or to a layer that computes side by side anyway. docs/benchmarks.md has the measurements.
struct SamplesSideBySide {
    /// How many times as many lanes must be busy: what was measured to pay for the way into and out of the layout.
    private static let leastAdvantage = 1.3
    /// Sums of the weights' gradients are kept by lane, which the second cache must hold.
    private static let mostWeights = 32_768
    /// With fewer, sums over pixels do not pay for loading and storing them.
    private static let fewestPixels = 16

    private let layers: Set<String>

    init(_ request: PlanRequest, _ library: Library) {
        guard request.precision == .fp32, library.lanes > 0 else {
            layers = []
            return
        }
        let operations = request.network.operations
        let suitable = operations.indices.filter {
            Self.suits(operations[$0], samples: request.samples, lanes: library.lanes)
        }
        let chosen = suitable.filter { value in
            let readers = Self.readers(of: value, among: operations)
            return !readers.isEmpty && readers.allSatisfy { suitable.contains($0) || operations[$0].readsSideBySide }
        }
        layers = Set(chosen.map { operations[$0].name })
    }

    func contains(_ operation: Operation) -> Bool { layers.contains(operation.name) }

    /// What reads a value, through activations, which keep its layout, or the activation that no one reads.
    private static func readers(of value: Int, among operations: [Operation]) -> [Int] {
        operations.indices.filter { operations[$0].inputs.contains(value) }.flatMap { reader in
            guard case .activation = operations[reader].layer else { return [reader] }
            let others = readers(of: reader, among: operations)
            return others.isEmpty ? [reader] : others
        }
    }

    private static func suits(_ operation: Operation, samples: Int, lanes: Int) -> Bool {
        guard case .convolution(let layer) = operation.layer, layer.groups == 1 else { return false }
        let (kernel, stride, margins) = (layer.window.size, layer.window.stride, operation.margins)
        let (inputs, outputs) = (operation.inputShapes[0][2], layer.filters)
        // oneDNN takes images of up to three channels as they are.
        let busyChannels = (inputs <= 3 ? 1 : busyPart(inputs, of: lanes)) * busyPart(outputs, of: lanes)
        return busyPart(samples, of: lanes) >= leastAdvantage * busyChannels
            && stride == Extent2D(height: 1, width: 1) && layer.window.dilation == Extent2D(height: 1, width: 1)
            && max(margins.top, margins.bottom) < kernel.height && max(margins.left, margins.right) < kernel.width
            && kernel.height * kernel.width * inputs * outputs <= mostWeights
            && operation.outputShape[0] * operation.outputShape[1] >= fewestPixels
    }

    /// The part of the lanes of all registers that hold something.
    private static func busyPart(_ count: Int, of lanes: Int) -> Double {
        Double(count) / Double(count.rounded(upToMultipleOf: lanes))
    }
}

extension Operation {
    /// Whether it takes images with samples side by side for nothing: a pooling that leaves at most every fourth pixel, or
    /// a layer that has no other kernels.
    fileprivate var readsSideBySide: Bool {
        switch layer {
        case .pooling(let layer): layer.window.stride.height * layer.window.stride.width >= 4
        case .subsampling, .partialConvolution: true
        default: false
        }
    }
}

extension DNNLCompiler {
    /// [groups of samples][C][H][W][samples of a group]: what the kernels of CConvolution/few_channels.h compute with.
    func sampleGroups(_ dimensions: [Int]) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, library.lanes == 16 ? dnnl_Abcd16a : dnnl_Abcd8a)
    }
}

extension MemoryDescriptor {
    var isSideBySide: Bool { block.map { $0.axis == 0 && ($0.size == 16 || $0.size == 8) } ?? false }
}
