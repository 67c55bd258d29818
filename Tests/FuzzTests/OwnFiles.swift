import Basics
import Checkpoints
import DataPipeline
import Datasets
import DataSummary
import Foundation
import HDF5Storage
import Interchange
import KerasNetworks
import Models
import TestSupport
import Options

/// The files that dptrain itself reads.
extension FuzzTarget {
    /// Bytes as they come: the digest keeps damage away from what reads the content.
    static let checkpoint = FuzzTarget(name: "checkpoint", seeds: checkpoints) { bytes in
        let state = try CheckpointCodec.decode(bytes, file: "file")
        require(try CheckpointCodec.encode(state) == bytes, "a checkpoint that is accepted is whole")
    }

    /// The same with a digest that fits.
    static let forgedCheckpoint = FuzzTarget(
        name: "forged-checkpoint", seeds: { try checkpoints().map { try FileSeal.open($0, file: "seed") } }
    ) { bytes in
        let state = try CheckpointCodec.decode(bytes + bytes.withUnsafeBytes(FileSeal.trailer), file: "file")
        _ = CheckpointInspection(state, file: "file").text
        let again = try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "file")
        require(again == state, "a checkpoint that is accepted can be saved again")
    }

    private static func checkpoints() throws -> [[UInt8]] {
        try [0, 7].map { try CheckpointCodec.encode(CheckpointFixture.state(step: $0, filters: 2)) }
    }

    /// HDF5 data files. More seeds are in `Tests/DataPipelineTests/Golden`.
    static let dataset = FuzzTarget(
        name: "dataset",
        seeds: {
            try [DatasetLayout.contiguous, .chunked([1, 2, 3, 1])].map { layout in
                let file = try HDF5File.createInMemory()
                try file.root.write("train/images", shape: [4, 2, 3, 1], [UInt8](0..<24), layout: layout)
                try file.root.write("train/labels", shape: [4], [0, 1, 2, 1] as [Int32])
                try file.root.write("test/images", shape: [1, 2, 3, 1], [UInt8](0..<6))
                try file.root.write("test/labels", shape: [1], [2] as [Int32])
                return try file.image()
            }
        }
    ) { bytes in
        let path = "\(folder)/data.h5"
        try place(bytes, at: path)
        let file = try DatasetFile.open(path)
        _ = try DatasetInspection(file).description
        for set in file.splits.values {
            let reader = BatchReader(set, sampler: Sampler(set, batch: 4, shards: 1, seed: 1), shards: 0..<1)
            var count = 0
            while let buffer = try reader.next() {
                count += buffer.shards.reduce(0) { $0 + buffer[$1].count }
                reader.release(buffer)
            }
            require(count == set.count, "\(count) of \(set.count) samples were read")
        }
    }

    /// Networks as Keras writes them.
    static let json = FuzzTarget(
        name: "json", seeds: { [Array(try CheckpointFixture.network().kerasModel.text().utf8)] }
    ) { bytes in
        let network = try Network(kerasJSON: String(decoding: bytes, as: UTF8.self), label: "file")
        let again = try Network(kerasJSON: network.kerasModel.text(), label: "file")
        require(again == network, "a network that is accepted can be written")
    }

    /// Files of Keras: archives, HDF5. More seeds are in `Tests/Golden/Keras`.
    static let keras = FuzzTarget(
        name: "keras",
        seeds: {
            let state = try CheckpointFixture.state(filters: 2)
            let model = KerasExport(
                network: state.network, weights: state.weights, loss: state.loss, optimizer: state.optimizer)
            return [try model.archive("seed"), try model.weightsFile("seed")]
        }
    ) { bytes in
        let file = try KerasModelFile(bytes, path: "file")
        let weights = try file.weights?.weights(for: file.network) ?? []
        let sizes = file.network.parameters.map(\.specification.shape.count)
        require(weights.isEmpty || weights.map(\.count) == sizes, "the weights are the network's")
        _ = try file.compilation?.optimizerSettings(of: file.network)
    }

    /// Configuration files.
    static let toml = FuzzTarget(name: "toml", seeds: { [Array(TrainingOptions().toml.utf8)] }) { bytes in
        var options = TrainingOptions()
        try options.apply(toml: String(decoding: bytes, as: UTF8.self), file: "file")
        var again = TrainingOptions()
        try again.apply(toml: options.toml, file: "file")
        require(again.toml == options.toml, "options that are accepted can be written")
    }

    /// In a new file, for a reader may still have the one before open.
    static func place(_ bytes: [UInt8], at path: String) throws {
        unlink(path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
