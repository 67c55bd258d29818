/// How often values lie in each of some intervals of equal width, from the least value to the greatest.
public struct Histogram: Sendable, Equatable {
    public let count: Int
    public let least: Double
    public let most: Double
    public let sum: Double
    public let sumOfSquares: Double
    /// The upper end of each interval, in ascending order. The last one is `most`.
    public let limits: [Double]
    public let counts: [Int]

    /// `intervals` is at least 1. Values that are not finite are left out. Nil where there are no others.
    public init?(of values: [Float], intervals: Int = 64) {
        let finite = values.lazy.filter(\.isFinite)
        guard let first = finite.first else { return nil }
        var (least, most, sum, squares, count) = (first, first, 0.0, 0.0, 0)
        for value in finite {
            least = min(least, value)
            most = max(most, value)
            sum += Double(value)
            squares += Double(value) * Double(value)
            count += 1
        }
        (self.count, self.least, self.most) = (count, Double(least), Double(most))
        (self.sum, sumOfSquares) = (sum, squares)
        guard least < most else {
            (limits, counts) = ([Double(most)], [count])
            return
        }
        let (start, width) = (Double(least), (Double(most) - Double(least)) / Double(intervals))
        var counts = Array(repeating: 0, count: intervals)
        for value in finite { counts[min(intervals - 1, Int((Double(value) - start) / width))] += 1 }
        self.counts = counts
        limits = (1...intervals).map { $0 == intervals ? Double(most) : start + Double($0) * width }
    }
}
