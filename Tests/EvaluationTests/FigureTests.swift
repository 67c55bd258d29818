import Evaluation
import Foundation
import Testing

/// Against scikit-learn (`Golden/figures.py`), to 1e-12: both compute in double precision, in another order.
@Suite struct FigureTests {
    private struct Golden: Decodable {
        struct OfClass: Decodable {
            let roc: [[Double]]
            let roc_area, average_precision, precision, recall, f1: Double
        }

        let labels: [Int]
        let scores: [Float]
        let confusion: [Int]
        let accuracy, macro_f1, weighted_f1: Double
        let classes: [OfClass]
        let calibration: [[Double]]
    }

    private let golden: Golden
    private let figures: ClassifierFigures

    init() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/figures.json")
        golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
        figures = ClassifierFigures(labels: golden.labels, scores: golden.scores, classNames: ["a", "b", "c"])
    }

    private func near(_ value: Double, _ wanted: Double) -> Bool { abs(value - wanted) < 1e-12 }

    @Test func countsAndScoresAreScikitLearns() {
        #expect(figures.matrix.counts == golden.confusion)
        #expect(near(figures.accuracy, golden.accuracy))
        #expect(near(figures.report.macro.f1, golden.macro_f1) && near(figures.report.weighted.f1, golden.weighted_f1))
        for (scores, wanted) in zip(figures.report.classes, golden.classes) {
            #expect(near(scores.precision, wanted.precision) && near(scores.recall, wanted.recall))
            #expect(near(scores.f1, wanted.f1))
        }
    }

    @Test func curvesAndTheirAreasAreScikitLearns() throws {
        #expect(figures.curves.count == 3)
        for (curves, wanted) in zip(figures.curves, golden.classes) {
            let curves = try #require(curves)
            #expect(near(curves.rocArea, wanted.roc_area) && near(curves.averagePrecision, wanted.average_precision))
            #expect(curves.roc.count == wanted.roc.count)
            for (point, other) in zip(curves.roc, wanted.roc) {
                #expect(near(point.falsePositives, other[0]) && near(point.truePositives, other[1]))
            }
        }
    }

    @Test func calibrationIsScikitLearns() throws {
        let calibration = try #require(figures.calibration)
        #expect(calibration.bins.count == golden.calibration.count)
        for (bin, wanted) in zip(calibration.bins, golden.calibration) {
            #expect(near(bin.confidence, wanted[0]) && near(bin.accuracy, wanted[1]))
        }
        #expect(calibration.bins.reduce(0) { $0 + $1.samples } == 60)
    }

    @Test func theMostWrongComeFirst() {
        let mistakes = figures.mistakes
        #expect(mistakes.count == 60 - Int((golden.accuracy * 60).rounded()))
        for (a, b) in zip(mistakes, mistakes.dropFirst()) { #expect(a.labelScore <= b.labelScore) }
        #expect(mistakes.allSatisfy { $0.prediction != $0.label && $0.score >= $0.labelScore })
    }

    @Test func scoresThatAreNoProbabilitiesHaveNoCalibration() {
        let figures = ClassifierFigures(labels: [0, 1], scores: [3, 1, -2, 4], classNames: ["a", "b"])
        #expect(figures.calibration == nil && figures.accuracy == 1 && figures.mistakes.isEmpty)
        #expect(figures.curves.allSatisfy { $0?.rocArea == 1 })
    }

    @Test func aClassWithoutSamplesHasNoCurves() {
        #expect(ThresholdCurves(scores: [1, 2], arePositive: [false, false]) == nil)
        #expect(ThresholdCurves(scores: [1, .nan], arePositive: [true, false]) == nil)
        let tied = ThresholdCurves(scores: [1, 1, 1, 1], arePositive: [true, false, true, false])
        #expect(tied?.rocArea == 0.5 && tied?.averagePrecision == 0.5)
    }
}
