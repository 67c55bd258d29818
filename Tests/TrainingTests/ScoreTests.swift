import Testing
import Reduction

/// Scores of a few samples. scikit-learn gives the same: `f1_score(average="macro")`, `roc_auc_score` of each class against the
/// rest.
@Suite struct ScoreTests {
    @Test func f1IsTheMeanOverClasses() {
        let f1 = ScoreTable.f1([0, 1, 2, 2, 1, 0], [0, 2, 2, 2, 1, 1], classes: 3)
        let mean: Double = (2.0 / 3 + 0.5 + 0.8) / 3
        #expect(abs(f1 - mean) < 1e-12)
        // Neither a class that does not occur nor an output that is no number counts for a class.
        let other: Double = (2.0 / 3 + 1) / 2
        #expect(ScoreTable.f1([0, 0, 1], [0, -1, 1], classes: 5) == other)
    }

    @Test func aucCountsPairsInOrder() {
        // Of 4 pairs, 3 are in order and one is equal.
        #expect(ScoreTable.auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8], 1) == 3.5 / 4)
        #expect(ScoreTable.auc([1, 0], [0.2, 0.9], 1) == 0)
        // The mean over classes; the third has no sample.
        let scores: [Float] = [0.7, 0.2, 0.1, 0.4, 0.5, 0.1, 0.5, 0.4, 0.1]
        #expect(ScoreTable.auc([0, 1, 0], scores, 3) == 1)
        #expect(ScoreTable.auc([0, 0], [0.1, 0.2], 1).isNaN)
        #expect(ScoreTable.auc([0, 1], [.nan, 0.2], 1).isNaN)
    }

    @Test func orderOfSamplesHasNoEffect() {
        let labels: [Int32] = (0..<200).map { Int32($0 * 7 % 3) }
        let scores: [Float] = (0..<600).map { place -> Float in Float((place * 31 + place / 7) % 17) / 16 }
        let order: [Int] = (0..<200).map { $0 * 77 % 200 }
        var shuffled: [Float] = []
        for place in order { shuffled += scores[3 * place..<3 * place + 3] }
        let area = ScoreTable.auc(labels, scores, 3)
        #expect(area == ScoreTable.auc(order.map { labels[$0] }, shuffled, 3))
    }
}
