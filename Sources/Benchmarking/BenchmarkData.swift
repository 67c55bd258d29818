import Basics
import FoundationEssentials
import Glibc
import HDF5Storage
import Models
import Options
import Sessions
import Training

/// Random samples and targets for a model, in a temporary HDF5 file: a benchmark then reads what it trains on as every
/// run does.
final class BenchmarkData {
    let path: String
    private let random = CounterRandom(seed: 0, purpose: .generatedData)

    /// Writes `batches` batches. Every rank writes a file of its own, since the nodes of a cluster may
    /// have no folder in common.
    init(_ options: TrainingOptions, batches: Int) throws {
        let batch = options.batchSize
        path = FileManager.default.temporaryDirectory.path + "/dptrain-bench-\(getpid()).h5"
        let (network, isRegression) = try Self.network(options)
        guard network.heads.isEmpty else {
            throw OptionError("model", "bench makes targets for one output, and \(network.name) has several")
        }
        let bytes = batch * network.inputShape.count * MemoryLayout<Float>.stride
        guard bytes <= HostMemory.availableBytes ?? .max else {
            throw OptionError(
                "batch-size",
                "\(batch) samples of \(network.inputShape) take \(bytes >> 20) MiB, more than this machine has")
        }
        let file = try HDF5File.create(path)
        let count = batch * batches
        try writeSamples(network.inputShape, count, batch, in: file.root)
        let outputs = network.outputShape.count
        if isRegression {
            try file.root.write("train/targets", shape: [count, outputs], uniform(count * outputs))
        } else {
            let classes = max(outputs, 2)
            try file.root.attributes.set("classes", (0..<classes).map { "class \($0)" })
            let labels = (0..<count).map { Int32(random.integer(UInt64($0), below: classes)) }
            try file.root.write("train/labels", shape: [count], labels)
        }
        try file.close()
    }

    deinit { unlink(path) }

    private static func network(_ options: TrainingOptions) throws -> (Network, isRegression: Bool) {
        let named = try NamedModel(options.model ?? "", inputSize: options.inputSize)
        var isRegression = false
        if case .zoo(let model) = named { isRegression = model.loss == .meanSquaredError }
        return (try named.network(options), isRegression)
    }

    /// Images as bytes, features as floats.
    private func writeSamples(_ sample: Shape, _ count: Int, _ batch: Int, in root: Group) throws {
        guard sample.rank == 3 else {
            try root.write("train/features", shape: [count, sample.count], uniform(count * sample.count))
            return
        }
        let images = try root.createDataset("train/images", shape: Shape([count] + sample.extents), of: UInt8.self)
        let buffer = AlignedBuffer<UInt8>(count: (batch * sample.count).rounded(upToMultipleOf: 16))
        for start in stride(from: 0, to: count, by: batch) {
            for block in 0..<buffer.count / 16 {
                let bits = random.block(UInt64(start * sample.count + block))
                buffer.bytes.storeBytes(of: bits, toByteOffset: block * 16, as: SIMD4<UInt32>.self)
            }
            try images.write(rows: start..<start + batch, from: buffer.baseAddress)
        }
    }

    private func uniform(_ count: Int) -> [Float] { (0..<count).map { random.uniform(UInt64($0)) } }
}
