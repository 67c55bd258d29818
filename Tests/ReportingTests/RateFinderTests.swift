import Foundation
import Optimization
import Reporting
import Testing

@Suite struct RateFinderTests {
    /// Takes steps at rates from 1e-5 on, each 1.2 times the last, and returns how many it took.
    private func run(_ finder: RateFinder, loss: (_ rate: Double) -> Double) -> Int {
        var rate = 1e-5
        for index in 1...200 {
            let event = StepEnded(
                epoch: 0, step: index, stepInEpoch: index, stepsPerEpoch: 200, samples: 1, lossSum: loss(rate),
                correct: nil, epochSoFar: .init(loss: 0, accuracy: nil), learningRate: Float(rate),
                durations: StepDurations(dataWait: 0, compute: 0, update: 0, total: 0))
            do { try finder.stepEnded(event) } catch { return index }
            rate *= 1.2
        }
        return 200
    }

    /// A loss of 2 that falls to 1 between 1e-3 and 1e-1, and grows from there on.
    @Test func theRateIsWhereTheLossFallsFastest() throws {
        let finder = RateFinder(steps: 100)
        let steps = run(finder) { $0 < 1e-3 ? 2 : $0 < 1e-1 ? 2 - 0.5 * log10($0 / 1e-3) : 1 + 10 * $0 }
        let finding = try #require(finder.finding)
        #expect(finding.steepest > 1e-3 && finding.steepest < 1e-1 && finding.lowest >= finding.steepest)
        #expect(finding.lowest < 1 && !finding.fallsToTheEnd)
        #expect(steps < 100, "a loss of four times the least one ends it")
        #expect(finder.points.count == steps)
    }

    @Test func aLossThatIsNoNumberEndsIt() throws {
        let finder = RateFinder(steps: 100)
        #expect(run(finder) { $0 < 1e-4 ? 2 - $0 : .nan } == 14)
        #expect(finder.points.count == 13)
        let finding = try #require(finder.finding)
        #expect(!finding.fallsToTheEnd, "the loss at a larger rate was seen")
    }

    /// Nothing is said of rates that were not tried.
    @Test func aLossThatFallsToTheEndSaysSo() throws {
        let finder = RateFinder(steps: 30)
        #expect(run(finder) { 2 - $0 } == 30)
        #expect(try #require(finder.finding).fallsToTheEnd)
    }

    @Test func aLossThatNeverFallsFindsNothing() {
        let finder = RateFinder(steps: 30)
        #expect(run(finder) { 1 + $0 } == 30)
        #expect(finder.finding == nil)
    }
}
