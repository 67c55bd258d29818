import DataPipeline
import Datasets
import Foundation
import HDF5Storage
import Basics

/// A folder that exists for one test.
final class Scratch {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "data-pipeline-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and opens it as data.
    func dataset(
        _ name: String = "x.h5", options: DatasetOptions = DatasetOptions(), _ write: (Group) throws -> Void
    ) throws -> DatasetFile {
        let file = try HDF5File.create(path + "/" + name)
        try write(file.root)
        try file.close()
        return try DatasetFile.open(path + "/" + name, options: options)
    }
}

/// A file that h5py wrote: `Golden/generate.py`.
func golden(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/" + name).path
}

/// The pixels of `Golden/generate.py`, as [H, W, C].
func pixels(of sample: Int, _ shape: Shape) -> [UInt8] {
    var values: [UInt8] = []
    for h in 0..<shape[0] {
        for w in 0..<shape[1] {
            for c in 0..<shape[2] { values.append(UInt8((7 * sample + 5 * h + 3 * w + 11 * c) % 251)) }
        }
    }
    return values
}

/// What a failing call says.
func message<T>(_ body: () throws -> T) -> String {
    do {
        _ = try body()
        return "no error"
    } catch { return "\(error)" }
}

/// One shard's samples as numbers, with their labels and indices.
struct Received: Equatable {
    var values: [Float] = []
    var labels: [Int32] = []
    var indices: [Int] = []

    init(_ batch: ShardBatch, elements: Int) {
        switch batch.values {
        case .bytes(let bytes):
            values = UnsafeBufferPointer(start: bytes, count: batch.count * elements).map { Float($0) }
        case .floats(let floats): values = Array(UnsafeBufferPointer(start: floats, count: batch.count * elements))
        }
        labels = Array(UnsafeBufferPointer(start: batch.labels, count: batch.count))
        indices = Array(UnsafeBufferPointer(start: batch.indices, count: batch.count))
    }
}

/// All samples of a split, read through the pipeline in file order.
func samples(of dataset: SampleSet) throws -> [Received] {
    let sampler = Sampler(dataset, batch: dataset.count, shards: 1, seed: nil)
    return try drain(BatchReader(dataset, sampler: sampler, shards: 0..<1), elements: dataset.sample.count)
        .flatMap(\.shards)
}

/// Everything a reader yields: (epoch, step) and the shards of each step.
func drain(_ reader: BatchReader, elements: Int) throws -> [(epoch: Int, step: Int, shards: [Received])] {
    var steps: [(epoch: Int, step: Int, shards: [Received])] = []
    while let buffer = try reader.next() {
        steps.append((buffer.epoch, buffer.step, buffer.shards.map { Received(buffer[$0], elements: elements) }))
        reader.release(buffer)
    }
    return steps
}
