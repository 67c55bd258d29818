import Testing

/// Expects each value within `tolerance` of the largest expected one (or of `least`, where all are smaller).
func expectAgreement<Value: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
    _ values: [Value], _ expected: [Expected], within tolerance: Double, atLeast least: Double = 0, _ name: String,
    location: SourceLocation = #_sourceLocation
) {
    guard values.count == expected.count else {
        Issue.record("\(name): \(values.count) values, not \(expected.count)", sourceLocation: location)
        return
    }
    let size = expected.reduce(least) { max($0, abs(Double($1))) }
    var (worst, place) = (0.0, 0)
    for i in values.indices {
        let difference = abs(Double(values[i]) - Double(expected[i]))
        // A NaN is further off than anything.
        if !(difference <= worst) { (worst, place) = (difference, i) }
    }
    #expect(
        worst <= tolerance * size, "\(name)[\(place)]: off by \(worst / size) of the largest value \(size)",
        sourceLocation: location)
}
