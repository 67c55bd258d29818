import Basics
import Checkpoints
import Engines
import Evaluation
import HDF5Storage
import Interchange
import Models
import Options
import TestSupport

/// Predictions averaged over several views of each sample.
var viewChecks: [RankCheck] {
    [
        RankCheck("six views are the weighted mean of the predictions for moved images") { check in
            let fixture = try ViewFixture()
            let averaged = try fixture.run(check, views: .multiCrop).predict(to: nil, overwrite: false).values
            var sum = [Float](repeating: 0, count: averaged.count)
            for (x, y, weight) in [(0, 0, Float(0.25)), (-1, -1, 0.125), (1, 1, 0.125)] {
                for isMirrored in [false, true] {
                    let moved = try ViewFixture(x: x, y: y, isMirrored: isMirrored)
                    let values = try moved.run(check).predict(to: nil, overwrite: false).values
                    for (place, value) in values.enumerated() { sum[place] += weight * value }
                }
            }
            guard check.rank == 0 else { return }
            check.expect(averaged.count, equals: ViewFixture.samples * ViewFixture.classes, "values")
            let furthest = zip(sum, averaged).map { abs($0 - $1) }.max() ?? 1
            check.expect(furthest < 1e-6, "a mean is off by \(furthest)")
            check.expect(Set(averaged).count > 20, "samples have predictions of their own")
        },
        RankCheck("views of features are refused") { check in
            let fixture = try ViewFixture(areImages: false)
            var words = ""
            do { _ = try fixture.run(check, views: .multiCrop).evaluate() } catch { words = "\(error)" }
            check.expect(words.contains("features, not images"), "unclear: \(words)")
        },
    ]
}

/// A dense layer on grey images of floats, which may have been moved: to the right, down, and then mirrored.
private struct ViewFixture {
    static let (samples, classes) = (13, 3)
    private static let (height, width) = (5, 4)
    private let folder: TemporaryDirectory

    init(x: Int = 0, y: Int = 0, isMirrored: Bool = false, areImages: Bool = true) throws {
        folder = try TemporaryDirectory()
        let random = CounterRandom(seed: 12, purpose: .generatedData, stream: 0)
        let (height, width) = (Self.height, Self.width)
        let kernel = (0..<height * width * Self.classes).map { random.uniform(UInt64($0)) - 0.5 }
        var graph = GraphBuilder("views", input: areImages ? [height, width, 1] : [height * width])
        let input = areImages ? graph.flatten(graph.input) : graph.input
        _ = graph.dense(input, Self.classes, activation: .softmax)
        var state = RunState(
            network: try graph.network(), loss: .sparseCategoricalCrossEntropy,
            weights: [kernel, [Float](repeating: 0, count: Self.classes)],
            optimizer: OptimizerState(kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.1))
        state.normalization = "unchanged"
        try folder.write(CheckpointCodec.encode(state), to: "model.h5")
        /// The border's pixels are where the mirror stands.
        func inside(_ place: Int, _ count: Int) -> Int {
            place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place
        }
        let images = (0..<Self.samples).flatMap { sample in
            (0..<height * width).map { place -> Float in
                let column = isMirrored ? width - 1 - place % width : place % width
                let from = inside(place / width - y, height) * width + inside(column - x, width)
                return 4 * random.uniform(UInt64(1000 + sample * height * width + from))
            }
        }
        let test = try HDF5File.createInMemory()
        if areImages {
            try test.root.write("test/images", shape: [Self.samples, height, width, 1], images)
        } else {
            try test.root.write("test/features", shape: [Self.samples, height * width], images)
        }
        try test.root.write("test/labels", shape: [Self.samples], (0..<Self.samples).map { Int32($0 % Self.classes) })
        try folder.write(test.image(), to: "data.h5")
    }

    func run(_ check: CheckContext, views: TestTimeAugmentation? = nil) -> EvaluationRun {
        var request = EvaluationRequest(
            models: [folder.path("model.h5")], data: folder.path("data.h5"), engine: EngineChoice.standard)
        (request.batchSize, request.shards) = (8, 8)
        request.testTimeAugmentation = views
        return EvaluationRun(request, check.world, engines: EngineChoice.engine)
    }
}
