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
        let bytes = batch * network.inputs.reduce(0) { $0 + network.shapes[$1].count } * MemoryLayout<Float>.stride
        guard bytes <= HostMemory.availableBytes ?? .max else {
            throw OptionError(
                "batch-size",
                "\(batch) samples of \(network.inputText) take \(bytes >> 20) MiB, more than this machine has")
        }
        let file = try HDF5File.create(path)
        let count = batch * batches
        for node in network.inputs {
            let shape = network.shapes[node]
            let name = network.inputs.count > 1 ? network.nodes[node].name : shape.rank == 3 ? "images" : "features"
            try writeSamples(shape, count, batch, to: "train/\(name)", in: file.root)
        }
        try writeTargets(of: network, isRegression: isRegression, count, in: file)
        try file.close()
    }

    /// Labels for outputs that tell classes apart, numbers for others.
    private func writeTargets(of network: Network, isRegression: Bool, _ count: Int, in file: HDF5File) throws {
        guard network.heads.isEmpty else {
            for node in network.heads {
                let (path, outputs) = ("train/\(network.nodes[node].name)", network.shapes[node].count)
                if outputs > 1, network.givesProbabilities(node) {
                    try writeLabels(count, classes: outputs, to: path, in: file.root)
                } else {
                    try file.root.write(path, shape: [count, outputs], uniform(count * outputs))
                }
            }
            return
        }
        let outputs = network.outputShape.count
        if isRegression {
            try file.root.write("train/targets", shape: [count, outputs], uniform(count * outputs))
        } else {
            let classes = max(outputs, 2)
            try file.root.attributes.set("classes", (0..<classes).map { "class \($0)" })
            try writeLabels(count, classes: classes, to: "train/labels", in: file.root)
        }
    }

    private func writeLabels(_ count: Int, classes: Int, to path: String, in root: Group) throws {
        let labels = (0..<count).map { Int32(random.integer(UInt64($0), below: classes)) }
        try root.write(path, shape: [count], labels)
    }

    deinit { unlink(path) }

    private static func network(_ options: TrainingOptions) throws -> (Network, isRegression: Bool) {
        let named = try NamedModel(options.model ?? "", inputSize: options.inputSize)
        var isRegression = false
        if case .zoo(let model) = named { isRegression = model.loss == .meanSquaredError }
        return (try named.network(options), isRegression)
    }

    /// Images as bytes, features as floats.
    private func writeSamples(_ sample: Shape, _ count: Int, _ batch: Int, to path: String, in root: Group) throws {
        guard sample.rank == 3 else {
            try root.write(path, shape: Shape([count] + sample.extents), uniform(count * sample.count))
            return
        }
        let images = try root.createDataset(path, shape: Shape([count] + sample.extents), of: UInt8.self)
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
