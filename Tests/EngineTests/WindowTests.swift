import Execution
import Foundation
import Models
import Basics
import Testing

/// Conventions of windows that gradients cannot tell, on images small enough to work out by hand.
@Suite struct WindowTests {
    /// Rows 1 2 3 / 4 5 6 / 7 8 9.
    private static let image = (1...9).map(Float.init)

    @Test(arguments: TestedEngine.all)
    func oddPaddingGoesBottomAndRight(_ engine: TestedEngine) throws {
        // Every second pixel of 3x3 with a 2x2 window of ones: one column and row of zeros, after the image.
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.convolution(x, 1, kernel: 2, stride: 2, padding: .same, bias: false, initializer: .ones)
        }.outputs
        #expect(outputs == [12, 9, 15, 9])
    }

    @Test(arguments: TestedEngine.all)
    func evenPaddingGoesAllAround(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.convolution(x, 1, kernel: 3, stride: 2, padding: .same, bias: false, initializer: .ones)
        }.outputs
        #expect(outputs == [12, 16, 24, 28])
    }

    @Test(arguments: TestedEngine.all)
    func averagesLeavePaddingOut(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in _ = graph.averagePooling(x, 2, padding: .same) }.outputs
        #expect(outputs == [3, 4.5, 7.5, 9])
    }

    @Test(arguments: TestedEngine.all)
    func maximaLeavePaddingOut(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image.map { -$0 }) { graph, x in
            _ = graph.maxPooling(x, 2, padding: .same)
        }.outputs
        #expect(outputs == [-1, -3, -7, -9])
    }

    /// Zeros all around, and every second 2x2 window of the 5x5 pixels.
    @Test(arguments: TestedEngine.all)
    func convolutionsCountZeros(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            let padded = graph.zeroPadding(x, Margins2D(1))
            _ = graph.convolution(padded, 1, kernel: 2, stride: 2, bias: false, initializer: .ones)
        }.outputs
        #expect(outputs == [1, 5, 11, 28])
    }

    /// An operation of its own: nothing reads it that could start from the image.
    @Test(arguments: TestedEngine.all)
    func zerosStandWhereTheyAreAskedFor(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.zeroPadding(x, Margins2D(top: 1, bottom: 0, left: 0, right: 2))
        }.outputs
        #expect(outputs == [0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 7, 8, 9, 0, 0])
    }

    /// Zeros of a padding layer are values like others: larger than negative ones.
    @Test(arguments: TestedEngine.all)
    func maximaCountZerosOfAPaddingLayer(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image.map { -$0 }) { graph, x in
            _ = graph.maxPooling(graph.zeroPadding(x, Margins2D(top: 0, bottom: 1, left: 0, right: 1)))
        }.outputs
        #expect(outputs == [-1, 0, 0, 0])
    }

    /// Where it starts from the image behind a ReLU too.
    @Test(arguments: TestedEngine.all)
    func maximaOfPaddedReLUs(_ engine: TestedEngine) throws {
        let outputs = try run(engine, [-1, 2, -3, -4, -5, 6, -7, -8, -9]) { graph, x in
            let y = graph.convolution(x, 1, kernel: 1, activation: .relu, bias: false, initializer: .ones)
            _ = graph.maxPooling(graph.zeroPadding(y, Margins2D(1)), 2)
        }.outputs
        #expect(outputs == [0, 2, 0, 6])
    }

    @Test(arguments: TestedEngine.all)
    func meansCountZerosOfAPaddingLayer(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.averagePooling(graph.zeroPadding(x, Margins2D(top: 0, bottom: 1, left: 0, right: 1)))
        }.outputs
        #expect(outputs == [3, 2.25, 3.75, 2.25])
    }

    /// Every second 2x2 window, hanging over; means are over the pixels that are there.
    @Test(arguments: TestedEngine.all)
    func ceilingPoolsHangOver(_ engine: TestedEngine) throws {
        let means = try run(engine, Self.image) { graph, x in _ = graph.averagePooling(x, 2, padding: .ceil) }.outputs
        #expect(means == [3, 4.5, 7.5, 9])
        let maxima = try run(engine, Self.image.map { -$0 }) { graph, x in
            _ = graph.maxPooling(x, 2, padding: .ceil)
        }.outputs
        #expect(maxima == [-1, -3, -7, -9])
    }

    @Test(arguments: TestedEngine.all)
    func dilatedWindowsLeavePixelsOut(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.convolution(x, 1, kernel: 2, dilation: 2, bias: false)
        }.outputs
        #expect(outputs == [1 + 3 + 7 + 9])
    }

    @Test(arguments: TestedEngine.all)
    func upSamplingRepeatsPixels(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            _ = graph.upSampling(x, Extent2D(height: 1, width: 3))
        }.outputs
        #expect(outputs == Self.image.flatMap { [$0, $0, $0] })
    }

    @Test(arguments: TestedEngine.all)
    func identityShortcutsKeepEverySecondPixel(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in _ = graph.identityShortcut(x, 3) }.outputs
        #expect(outputs == [1, 0, 0, 3, 0, 0, 7, 0, 0, 9, 0, 0])
    }

    @Test(arguments: TestedEngine.all)
    func channelsStandInTheOrderOfInputs(_ engine: TestedEngine) throws {
        let outputs = try run(engine, Self.image) { graph, x in
            let pair = graph.concatenation([graph.scale(x, by: 2), x])
            _ = graph.concatenation([x, pair, graph.sum(x, x, scaledBy: -0.5)])
        }.outputs
        #expect(outputs == Self.image.flatMap { [$0, 2 * $0, $0, 0.5 * $0] })
    }

    /// Channels 1, -2, 3, -4 times the pixel through a window of three, alpha not divided by its size.
    @Test(arguments: TestedEngine.all)
    func responseNormalizationIsThePapers(_ engine: TestedEngine) throws {
        let factors: [Float] = [1, -2, 3, -4]
        let outputs = try run(engine, Self.image) { graph, x in
            let channels = graph.concatenation(factors.map { graph.scale(x, by: $0) })
            _ = graph.localResponseNormalization(channels, size: 3, k: 2, alpha: 0.1, beta: 0.75)
        }.outputs
        let sums: [Double] = [5, 14, 29, 25]
        let expected = Self.image.flatMap { pixel -> [Double] in
            zip(factors, sums).map { factor, sum -> Double in
                let base: Double = 2 + 0.1 * sum * Double(pixel * pixel)
                return Double(factor * pixel) / pow(base, 0.75)
            }
        }
        expectAgreement(outputs, expected, within: 1e-6, "outputs")
    }

    /// Of equal values the first in reading order is the maximum, and it alone gets the gradient.
    @Test(arguments: TestedEngine.all)
    func theFirstOfEqualMaximaTakesTheGradient(_ engine: TestedEngine) throws {
        let network = try Network.build([2, 2, 1]) { graph, x in
            _ = graph.maxPooling(graph.convolution(x, 1, kernel: 1, bias: false))
        }
        let run = try PlanRun(engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [1])
        // A kernel of zero makes all pixels equal; its gradient is the input where the gradient of 2 (0 + 0.5) arrives.
        try run.load([[0]])
        var batch = Batch(for: network, samples: 1, kind: .values)
        batch.inputs = [3, 5, 7, 11]
        batch.targets = .values([-0.5])
        #expect(try run.run(batch).gradients == [[3]])
    }

    private func run(
        _ engine: TestedEngine, _ image: [Float], _ body: (inout GraphBuilder, GraphBuilder.Tensor) -> Void
    ) throws -> StepResult {
        let network = try Network.build([3, 3, 1], body)
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [1], purpose: .evaluation)
        try run.load(network.parameters.map { Array(repeating: 1, count: $0.specification.shape.count) })
        var batch = Batch(for: network, samples: 1, kind: .values)
        batch.inputs = image
        return try run.run(batch)
    }
}
