import Basics
import Evaluation
import Reduction
import Testing

/// Against scikit-learn 1.9.1: `classification_report(labels, predictions, zero_division=0)`, `mean_absolute_error`,
/// `root_mean_squared_error` and `r2_score` of the same numbers.
@Suite struct ScoreTests {
    /// labels 0 0 0 0 1 1 1 2 2 2 2 2, predictions 0 0 0 1 1 1 2 2 2 0 0 3; class 4 has neither.
    private let matrix = ConfusionMatrix(
        classNames: ["a", "b", "c", "d", "e"],
        counts: [
            3, 1, 0, 0, 0,
            0, 2, 1, 0, 0,
            2, 0, 2, 1, 0,
            0, 0, 0, 0, 0,
            0, 0, 0, 0, 0,
        ], samples: [4, 3, 5, 0, 0])

    @Test func classReportIsScikitLearns() {
        let report = ClassReport(matrix)
        let expected: [(Double, Double, Double, Int)] = [
            (0.6, 0.75, 2.0 / 3, 4), (2.0 / 3, 2.0 / 3, 2.0 / 3, 3), (2.0 / 3, 0.4, 0.5, 5), (0, 0, 0, 0), (0, 0, 0, 0),
        ]
        for (scores, wanted) in zip(report.classes, expected) {
            #expect(abs(scores.precision - wanted.0) < 1e-15 && abs(scores.recall - wanted.1) < 1e-15)
            #expect(abs(scores.f1 - wanted.2) < 1e-15 && scores.support == wanted.3)
        }
        #expect(abs(report.macro.precision - 0.4833333333333333) < 1e-15)
        #expect(abs(report.macro.recall - 0.4541666666666667) < 1e-15)
        #expect(abs(report.macro.f1 - 0.4583333333333333) < 1e-15)
        #expect(abs(report.weighted.precision - 0.6444444444444444) < 1e-15)
        #expect(abs(report.weighted.recall - 0.5833333333333334) < 1e-15)
        #expect(abs(report.weighted.f1 - 0.5972222222222222) < 1e-15)
        #expect(report.macro.support == 12)
    }

    @Test func tablesHaveEveryClassOrTheMeansOnly() {
        let report = ClassReport(matrix)
        #expect(report.table(everyClass: true).contains("│ a               │    0.6000 │ 0.7500 │ 0.6667 │       4 │"))
        let means = report.table(everyClass: false)
        #expect(!means.contains("│ a ") && means.contains("│ mean of samples │    0.6444 │"))
    }

    @Test func eachOutputHasAFileOfItsOwn() throws {
        let files = try ConfusionMatrix.files("a.b/table.csv", of: ["digit", "base/top"])
        #expect(files == ["a.b/table.digit.csv", "a.b/table.base_top.csv"])
        #expect(try ConfusionMatrix.files("a.b/table", of: ["digit"]) == ["a.b/table.digit"])
        let error = #expect(throws: OptionError.self) {
            try ConfusionMatrix.files("table.csv", of: ["a/b", "digit", "a_b"])
        }
        #expect(error?.description.contains("a/b and a_b would both go to table.a_b.csv") == true)
    }

    /// y = [[3, -0.5], [2, 0], [7, 1]], p = [[2.5, 0], [0, 0], [8, 2]].
    @Test func regressionErrorsAreScikitLearns() {
        let errors = RegressionErrors(
            absolute: [0.5 + 2 + 1, 0.5 + 0 + 1], squared: [0.25 + 4 + 1, 0.25 + 0 + 1], targets: [3, -0.5, 2, 0, 7, 1])
        #expect(abs(errors.meanAbsolute - 0.8333333333333334) < 1e-15)
        #expect(abs(errors.rootMeanSquare - 0.984186439950099) < 1e-15)
        #expect(abs((errors.r2 ?? .nan) - 0.2767857142857143) < 1e-15)
    }

    @Test func targetsWithoutVariationHaveAnR2() {
        #expect(RegressionErrors(absolute: [0], squared: [0], targets: [2, 2]).r2 == 1)
        #expect(RegressionErrors(absolute: [1], squared: [1], targets: [2, 2]).r2 == 0)
        #expect(RegressionErrors(absolute: [1], squared: [1], targets: [2]).r2 == nil)
    }
}
