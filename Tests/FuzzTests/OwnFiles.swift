import Basics
import Checkpoints
import DataPipeline
import Datasets
import DataSummary
import Foundation
import HDF5Storage
import Options
import Reports
import TestSupport

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

    /// Configuration files.
    static let toml = FuzzTarget(name: "toml", seeds: { [Array(TrainingOptions().toml.utf8)] }) { bytes in
        var options = TrainingOptions()
        try options.apply(toml: String(decoding: bytes, as: UTF8.self), file: "file")
        var again = TrainingOptions()
        try again.apply(toml: options.toml, file: "file")
        require(again.toml == options.toml, "options that are accepted can be written")
    }

    /// Plans of sweeps.
    static let sweep = FuzzTarget(
        name: "sweep",
        seeds: {
            let head = "output = \"sweep\"\n[options]\nmodel = \"mlp\"\ndata = \"data.h5\"\n[vary]\n"
            return [
                head + "batch-size = [32, 64]\noptimizer = [\"sgd\", \"adam\"]\n",
                "runs = 3\nseed = 1\n" + head + "learning-rate = { from = 1e-4, to = 0.1, scale = \"log\" }\n",
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        let plan = try SweepPlan(toml: String(decoding: bytes, as: UTF8.self), file: "file")
        require(Set(plan.runs.map(\.name)).count == plan.runs.count, "each run has a folder")
    }

    /// Logs of runs, from which reports are made.
    static let log = FuzzTarget(
        name: "log",
        seeds: {
            let step = #"{"event":"step","epoch":1,"step":1,"loss":2.5,"compute_ms":3,"images_per_second":10}"#
            let epoch = #"{"event":"epoch","epoch":1,"loss":2.5,"val_loss":2.25,"seconds":1.5,"best":true}"#
            return [Array("\(step)\n\(epoch)\n".utf8)]
        }
    ) { bytes in
        try place(bytes, at: "\(folder)/log.jsonl")
        let run = try RunFolder(folder)
        _ = RunTable([run]).text
        _ = try ReportPage([RunSection(run, name: "file")]).html
    }

    /// In a new file, for a reader may still have the one before open.
    static func place(_ bytes: [UInt8], at path: String) throws {
        unlink(path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
