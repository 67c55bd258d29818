import Checkpoints
import DatasetCreation
import Datasets
import Execution
import FoundationEssentials
import HDF5Storage
import Interchange
import Models
import ModelZoo
import Training

/// Files written, read back, and damaged: what is damaged must be refused. The subject is a folder to write to.
package enum FileChecks {
    package static var all: [Check<String>] {
        [Check("HDF5 data", data), Check("HDF5 checkpoint", checkpoint)]
    }

    private static func data(_ folder: String) throws -> String {
        let path = "\(folder)/check.h5"
        let images = GeneratedImages(seed: 7, split: .train)
        try GeneratedDataset.write(to: path, train: 40, test: 10, seed: 7)
        let file = try DatasetFile.open(path)
        try require(
            try file.split(.train).count == 40 && file.classes == 10, "\(path) has other samples than were written")
        let stored: [UInt8] = try HDF5File.open(path).root.dataset("train/images").read()
        for index in 0..<40 {
            var image = [UInt8](repeating: 0, count: GeneratedImages.bytesPerImage)
            image.withUnsafeMutableBufferPointer { pixels in
                if let start = pixels.baseAddress { images.render(index, into: start) }
            }
            let isEqual = stored[(index * image.count)...].starts(with: image)
            try require(isEqual, "image \(index) of \(path) is not what was written")
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let size = bytes.count
        bytes.removeLast(size / 3)
        // Under another name: HDF5 would take a file that is still open for the one it knows.
        let truncated = "\(folder)/truncated.h5"
        try bytes.write(to: URL(fileURLWithPath: truncated))
        try requireRefusal("a data file without its last third") { _ = try DatasetFile.open(truncated) }
        return "40 images read as written (\(size.grouped) bytes); a truncated file is refused"
    }

    private static func checkpoint(_ folder: String) throws -> String {
        let network = try Zoo.model(named: "simple-cnn").network()
        var state = RunState(
            network: network, loss: .sparseCategoricalCrossEntropy,
            weights: Replica.initialWeights(of: network, seed: 3),
            optimizer: OptimizerState(
                kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.01, iteration: 12))
        state.position = RunState.Position(epoch: 1, step: 0, globalStep: 12)
        state.history = [["loss": 2.5]]
        let store = try CheckpointStore(folder: "\(folder)/checkpoints", keep: 1, start: .new)
        try store.save(state, as: .step)
        let path = "\(store.folder)/\(CheckpointStore.latestName)"
        try require(try CheckpointFile.read(path) == state, "\(path) is not the state that was written")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let damaged = "\(folder)/damaged.h5"
        let places = [0, bytes.count / 3, bytes.count / 2, bytes.count - 1]
        for place in places {
            var copy = bytes
            copy[place] ^= 1
            try copy.write(to: URL(fileURLWithPath: damaged))
            try requireRefusal("a checkpoint with a flipped bit in byte \(place)") {
                _ = try CheckpointFile.read(damaged)
            }
        }
        try bytes.dropLast(100).write(to: URL(fileURLWithPath: damaged))
        try requireRefusal("a checkpoint without its last 100 bytes") { _ = try CheckpointFile.read(damaged) }
        return "read as written (\(bytes.count.grouped) bytes); \(places.count) flipped bits and a lost end are refused"
    }

    private static func requireRefusal(_ what: String, _ body: () throws -> Void) throws {
        do { try body() } catch { return }
        throw CheckFailure("\(what) is read as if nothing were wrong with it")
    }
}
