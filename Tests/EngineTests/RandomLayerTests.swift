import Basics
import Execution
import Foundation
import HDF5Storage
import KerasNetworks
import Lowering
import Models
import Testing

/// Layers that training leaves to chance: what they make of drawn numbers, and which numbers they draw.
@Suite struct RandomLayerTests {
    /// Golden/augmentations.py writes the file and says what is in it.
    private static let golden =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/augmentations.h5")
        .path
    static let names = (try? HDF5File.open(golden).root.children()) ?? []
    private static let image: Shape = [6, 5, 2]

    @Test func thereAreCases() { #expect(Self.names.count == 30) }

    /// TensorFlow's arithmetic in single precision; values are up to 255.
    @Test(arguments: names)
    func arithmeticIsThatOfKeras(_ name: String) throws {
        let group = try HDF5File.open(Self.golden).root.group(name)
        let layer = try JSONValue(parsing: group.attributes.string("layer"))
        let model: JSONValue = [
            "class_name": "Sequential",
            "config": [
                "name": "m",
                "layers": [["class_name": "InputLayer", "config": ["batch_shape": [nil, 6, 5, 2]]], layer],
            ],
        ]
        let network = try Network(kerasModel: model)
        let (drawn, x): ([Float], [Float]) = (try group.dataset("drawn").read(), try group.dataset("image").read())
        let expected: [Float] = try group.dataset("result").read()
        var y = [Float](repeating: .nan, count: x.count)
        switch network.nodes[1].layer.description {
        case let layer as RandomAffine:
            let loops = RandomAffineLoops(layer: layer, samples: 1, image: Self.image)
            loops.move(x, into: &y, loops.map(drawn))
        case let layer as RandomTone:
            let loops = RandomToneLoops(layer: layer, samples: 1, image: Self.image)
            var notes = [Float](repeating: .nan, count: loops.noteCount)
            loops.change(x, into: &y, notes: &notes, sample: 0, by: drawn[0])
        default: Issue.record("another layer: \(network.nodes[1].layer)")
        }
        for (found, expected) in zip(y, expected) { #expect(abs(found - expected) < 2e-3, "\(found), not \(expected)") }
    }

    /// Layers of all kinds, with an input for each.
    static let layers: [(name: String, layer: any RandomDescription)] = [
        ("noise", Noise(.addition(deviation: 0.7))), ("factors", Noise(.multiplication(rate: 0.3))),
        ("self-normalizing", Noise(.selfNormalizing(rate: 0.3))), ("channels", Noise(.channels(rate: 0.4))),
        ("flip", RandomFlip()), ("rotation", RandomAffine(.rotation(-0.2...0.3))),
        ("zoom", RandomAffine(.zoom(height: -0.3...0.4, width: nil), fill: .constant)),
        ("translation", RandomAffine(.translation(height: -0.4...0.4, width: 0...0.3), fill: .wrap)),
        ("brightness", RandomTone(.brightness(-0.3...0.3), pixels: -1...1)),
        ("contrast", RandomTone(.contrast(-0.5...0.5), pixels: -2...2)),
        ("crop", RandomCrop(Extent2D(height: 4, width: 3))),
    ]

    private func result(
        _ layer: any RandomDescription, _ engine: TestedEngine, shards: [Int], purpose: PlanPurpose = .training
    ) throws -> (x: [Float], y: [Float]) {
        let network = try Network.build([6, 5, 3]) { graph, x in _ = graph.flatten(graph.plain(layer, [x])) }
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: shards, purpose: purpose)
        let batch = Batch(for: network, samples: run.batchSize, kind: .values)
        return (batch.inputs, try run.run(batch).outputs)
    }

    /// The cuts between shards lie elsewhere, as they do for another number of ranks.
    @Test(arguments: TestedEngine.all, layers.map(\.name))
    func aSampleHasItsNumbersInAnyShard(_ engine: TestedEngine, _ name: String) throws {
        let layer = try #require(Self.layers.first { $0.name == name }?.layer)
        let whole = try result(layer, engine, shards: [7]).y
        #expect(try result(layer, engine, shards: [3, 1, 3]).y == whole)
        let count = whole.count / 7
        let samples = (0..<7).map { Array(whole[$0 * count..<($0 + 1) * count]) }
        #expect(Set(samples).count == 7)
    }

    @Test(arguments: TestedEngine.all, layers.map(\.name))
    func nothingIsLeftToChanceInEvaluation(_ engine: TestedEngine, _ name: String) throws {
        let layer = try #require(Self.layers.first { $0.name == name }?.layer)
        let (x, y) = try result(layer, engine, shards: [2, 1], purpose: .prediction)
        if layer is RandomCrop {
            let resizing = Resizing(Extent2D(height: 4, width: 3), keepsAspectRatio: true)
            let network = try Network.build([6, 5, 3]) { graph, x in _ = graph.flatten(graph.plain(resizing, [x])) }
            let run = try PlanRun(
                engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 1], purpose: .prediction)
            #expect(try run.run(Batch(for: network, samples: 3, kind: .values)).outputs == y)
        } else {
            #expect(x == y)
        }
    }

    /// Mean and deviation of many draws, to five of their own deviations.
    @Test func noiseHasItsMoments() throws {
        let count = 200_000
        for (kind, input, mean, deviation) in [
            (Noise.Kind.addition(deviation: 0.5), Float(2), 2.0, 0.5), (.multiplication(rate: 0.2), 2, 2, 1),
            (.multiplication(rate: 0), 3, 3, 0),
        ] {
            let noise = try moments(kind, of: [Float](repeating: input, count: count))
            #expect(abs(noise.mean - mean) <= 5 * deviation / Double(count).squareRoot() + 1e-5)
            #expect(abs(noise.deviation - deviation) <= 5 * deviation / Double(2 * count).squareRoot() + 1e-5)
        }
        // Normal values keep their moments.
        let random = CounterRandom(seed: 3, purpose: .generatedData)
        let normal = (0..<count).map { random.normal(UInt64($0)) }
        let kept = try moments(.selfNormalizing(rate: 0.3), of: normal)
        #expect(abs(kept.mean) < 0.02 && abs(kept.deviation - 1) < 0.02)
    }

    private func moments(_ kind: Noise.Kind, of x: [Float]) throws -> (mean: Double, deviation: Double) {
        let noisy = try Network.build([x.count]) { graph, input in _ = graph.plain(Noise(kind), [input]) }
        let lowered = LoweredNetwork(noisy, loss: .meanSquaredError, purpose: .training)
        let layer = try #require(lowered.operations[1].randomLayer(samples: 1))
        var (y, notes) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: layer.noteCount))
        layer.forward(x, into: &y, notes: &notes, SampleRandom(seed: 1, step: 2, layer: 1, firstSample: 3))
        let mean = y.reduce(0) { $0 + Double($1) } / Double(y.count)
        let variance = y.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(y.count)
        return (mean, variance.squareRoot())
    }

    /// As torchvision's `stochastic_depth` in mode `row`: whole samples are dropped, others are divided by what is left. 10,000 draws.
    @Test(arguments: TestedEngine.all)
    func samplesAreDroppedAsAWhole(_ engine: TestedEngine) throws {
        let (rate, width, samples) = (Float(0.3), 8, 10_000)
        let network = try Network.build([2, 2, 2]) { graph, x in
            _ = graph.flatten(graph.add(.dropout(Dropout(rate: rate, dropsSamples: true)), to: [x]))
        }
        func outputs(_ shards: [Int]) throws -> (x: [Float], y: [Float]) {
            let run = try PlanRun(engine.make(), network, loss: .meanSquaredError, kind: .values, shards: shards)
            let batch = Batch(for: network, samples: samples, kind: .values)
            return (batch.inputs, try run.run(batch).outputs)
        }
        let (x, y) = try outputs([samples])
        #expect(try outputs([samples / 4, 3 * samples / 4]).y == y)
        let dropped = (0..<samples).filter { sample in
            let places = sample * width..<(sample + 1) * width
            let isDropped = y[places.lowerBound] == 0
            #expect(places.allSatisfy { isDropped ? y[$0] == 0 : abs(y[$0] - x[$0] / (1 - rate)) < 1e-5 })
            return isDropped
        }
        #expect(abs(dropped.count - 3000) < 184, "\(dropped.count)")
    }

    /// Whole channels are dropped, and others count more.
    @Test(arguments: TestedEngine.all)
    func channelsAreDroppedAsAWhole(_ engine: TestedEngine) throws {
        let (x, y) = try result(Noise(.channels(rate: 0.4)), engine, shards: [40])
        var dropped = 0
        for sample in 0..<40 {
            for channel in 0..<3 {
                let factors = Set(
                    (0..<30).map { pixel in
                        let place = (sample * 30 + pixel) * 3 + channel
                        return (y[place] / x[place] * 1000).rounded()
                    })
                #expect(factors.count == 1 && factors.isSubset(of: [0, 1667]))
                dropped += factors == [0] ? 1 : 0
            }
        }
        #expect((30...66).contains(dropped), "\(dropped) of 120 at a rate of 0.4")
    }
}
