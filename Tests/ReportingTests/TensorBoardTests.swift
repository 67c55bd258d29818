import Basics
import Checkpoints
import Foundation
import Optimization
import Reduction
import Reporting
import Testing

/// Event files against those that the package tensorboard writes (`Golden/events.py`), to the byte.
@Suite struct TensorBoardTests {
    @Test func aResumedRunWritesWhatTensorBoardWrites() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("events-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = try TensorBoardLog(in: folder.path, host: "host", clock: { 1_764_300_000.5 })
        try log.runBegan(begun)
        let durations = StepDurations(dataWait: 0, compute: 1, update: 0, total: 1)
        try log.stepEnded(
            StepEnded(
                epoch: 0, step: 4, stepInEpoch: 4, stepsPerEpoch: 4, samples: 4, lossSum: 6, correct: 3,
                epochSoFar: .init(loss: 1.5, accuracy: 0.75), learningRate: 0.001, durations: durations))
        var metrics = EpochMetrics(
            epoch: 0, training: .init(loss: 0.3, accuracy: 0.9), validation: .init(loss: 0.00042, accuracy: 0.8))
        metrics.scores = ["val_auc": 0.7]
        try log.epochEnded(
            EpochEnded(
                metrics: metrics, step: 4, stepsPerEpoch: 4, samples: 512, steps: 4, trainingSeconds: 0.048,
                waitedSeconds: 0, seconds: 0.06, learningRate: 0.001, isBest: true))
        let weights = try #require(Histogram(of: [-1, 0, 0.25, 3], intervals: 4))
        try log.weightsMeasured(WeightsMeasured(step: 4, histograms: [("y/kernel", weights)]))
        let matrix = ConfusionMatrix(classNames: ["cat", "dog"], counts: [3, 1, 0, 5], samples: [4, 5])
        try log.confusionMeasured(ConfusionMeasured(step: 4, matrix: matrix))
        try log.rolledBack(
            RolledBack(epoch: 1, abandonedStep: 6, step: 4, rollbacks: 1, learningRate: 0.0005, messages: []))
        try log.checkpointIsDue()
        let written = try Data(contentsOf: folder.appendingPathComponent("events.out.tfevents.1764300000.host"))
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/events.tfevents")
        #expect(try written == Data(contentsOf: golden))
    }

    /// Of 1,000 steps an epoch every tenth is written.
    @Test func fewStepsOfALongEpochAreWritten() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("events-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = try TensorBoardLog(in: folder.path, host: "host", clock: { 0 })
        let path = folder.appendingPathComponent("events.out.tfevents.0.host").path
        let durations = StepDurations(dataWait: 0, compute: 1, update: 0, total: 1)
        func size() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: path)).count }
        var grown: [Int] = []
        for index in 1...40 {
            let before = try size()
            try log.stepEnded(
                StepEnded(
                    epoch: 0, step: index, stepInEpoch: index, stepsPerEpoch: 1_000, samples: 4, lossSum: 6,
                    correct: nil, epochSoFar: .init(loss: 1.5, accuracy: nil), learningRate: 0.001,
                    durations: durations))
            if try size() > before { grown.append(index) }
        }
        #expect(grown == [10, 20, 30, 40])
    }

    /// Resumed after step 3.
    private var begun: RunBegun {
        RunBegun(
            model: "mlp",
            graph: [
                GraphNode(name: "x", operation: "InputLayer", inputs: [], shape: [4]),
                GraphNode(name: "y", operation: "Dense", inputs: ["x"], shape: [2]),
            ],
            totalParameters: 1, trainableParameters: 1, data: "", input: "", validation: "", ranks: 1,
            threads: 1, memory: "", engine: "", precision: "fp32", optimizer: "Adam", batchSize: 4, shards: 1,
            epochs: 1, stepsPerEpoch: 4, output: "run", position: RunState.Position(epoch: 0, step: 3, globalStep: 3))
    }
}
