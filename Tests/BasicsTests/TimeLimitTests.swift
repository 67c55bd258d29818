import Basics
import Testing

@Suite struct TimeLimitTests {
    @Test(arguments: [
        ("90", 90), ("90s", 90), ("45m", 2_700), ("1h30m", 5_400), ("2d", 172_800), ("1h5s", 3_605),
    ])
    func timesAsPeopleWriteThem(_ text: String, _ seconds: Int) throws {
        let limit = try #require(TimeLimit(text))
        #expect(limit.seconds == seconds && TimeLimit(limit.description) == limit)
    }

    @Test(arguments: ["", "0", "-5", "soon", "1.5h", "30m1h", "5x", "h", "99999999999999999999", "9999999d"])
    func otherTextIsNoTime(_ text: String) { #expect(TimeLimit(text) == nil) }
}
