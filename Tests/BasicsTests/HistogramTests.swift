import Basics
import Testing

@Suite struct HistogramTests {
    @Test func valuesLieInIntervalsOfEqualWidth() throws {
        let histogram = try #require(Histogram(of: [3, -1, 0.25, 0, .nan, .infinity], intervals: 4))
        #expect(histogram.limits == [0, 1, 2, 3] && histogram.counts == [1, 2, 0, 1])
        #expect(histogram.count == 4 && histogram.least == -1 && histogram.most == 3)
        #expect(histogram.sum == 2.25 && histogram.sumOfSquares == 10.0625)
    }

    @Test func equalValuesAreOneInterval() throws {
        let histogram = try #require(Histogram(of: [2, 2, 2]))
        #expect(histogram.limits == [2] && histogram.counts == [3])
    }

    /// Twice the greatest value is beyond single precision.
    @Test func valuesOfAnySize() throws {
        let most = Float.greatestFiniteMagnitude
        let histogram = try #require(Histogram(of: [-most, most, 0], intervals: 2))
        #expect(histogram.counts == [1, 2] && histogram.limits == [0, Double(most)])
    }

    @Test func nothingToCount() {
        #expect(Histogram(of: []) == nil && Histogram(of: [.nan]) == nil)
    }
}
