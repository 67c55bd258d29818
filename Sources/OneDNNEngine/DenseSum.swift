import CConvolution
import CDNNL
import Execution
import OneDNN

/// The gradients of a dense layer's weights, added over shards by CConvolution's kernel.
final class DenseSum: ShardSum {
    /// Rows of a shard up to which the kernel adds as oneDNN's does.
    static let mostRows = 16
    static let mostLevels = Int(dptrain_dense_levels)
    /// Outputs in a block of oneDNN's layouts.
    private static let widths: [(tag: dnnl_format_tag_t, width: Int)] = [
        (dnnl_AB16b16a, 16), (dnnl_AB16b32a, 32), (dnnl_AB16b64a, 64),
    ]

    private let shape: dptrain_dense
    private let hasBiases: Bool
    private let shards: UnsafeMutableBufferPointer<dptrain_dense_shard>
    private let targets: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>?>

    /// Outputs in a block of the weights' layout; nil if it is one that the kernel does not know.
    static func width(_ weights: MemoryDescriptor) throws -> Int? {
        try widths.first { try MemoryDescriptor(weights.dimensions, $0.tag) == weights }?.width
    }

    /// `kernels` and `biases` are where the sums go.
    init(
        inputs: Int, outputs: Int, width: Int, isBF16: Bool, shards: Int, kernels: [UnsafeMutablePointer<Float>],
        biases: [UnsafeMutablePointer<Float>]
    ) {
        shape = dptrain_dense(inputs: inputs, outputs: outputs, width: width, bf16_rows: isBF16)
        hasBiases = !biases.isEmpty
        self.shards = .allocate(capacity: shards)
        self.shards.initialize(repeating: dptrain_dense_shard())
        targets = .allocate(capacity: kernels.count + biases.count)
        _ = targets.initialize(from: kernels + biases)
    }

    deinit {
        shards.deallocate()
        targets.deallocate()
    }

    func note(_ shard: Int, _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, rows: Int) {
        (shards[shard].x, shards[shard].dy, shards[shard].rows) = (x, dy, rows)
    }

    func add(_ sums: ShardSums) {
        for shard in 0..<sums.shards {
            (shards[shard].level, shards[shard].additions) = (sums.levels[shard], sums.additions[shard])
        }
        let biases = hasBiases ? targets.baseAddress.map { $0 + targets.count / 2 } : nil
        withUnsafePointer(to: shape) {
            dptrain_dense_weight_gradient(
                $0, shards.baseAddress, sums.shards, targets.baseAddress, biases, sums.partials)
        }
    }
}
