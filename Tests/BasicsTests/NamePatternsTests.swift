import Basics
import Testing

@Suite struct NamePatternsTests {
    @Test(arguments: [
        ("conv1", ["conv1"], ["conv1_bn", "aconv1"]),
        ("conv*", ["conv", "conv1_bn"], ["xconv"]),
        ("*_bn, fc?", ["a_bn", "fc1"], ["a_bn2", "fc", "fc12"]),
        ("conv*, !*_bn", ["conv1"], ["conv1_bn", "dense"]),
        ("!dense*", ["conv1"], ["dense_1"]),
        ("!*, top", ["top"], ["other"]),
        ("*a*b*", ["ab", "xaybz"], ["ba", "a"]),
    ])
    func fit(text: String, fitting: [String], others: [String]) throws {
        let patterns = try #require(NamePatterns(text))
        #expect(fitting.allSatisfy(patterns.fit) && !others.contains(where: patterns.fit))
        #expect(NamePatterns(patterns.description) == patterns)
    }

    @Test(arguments: ["", "a,,b", "!", "a, "])
    func emptyPatternsAreRefused(text: String) { #expect(NamePatterns(text) == nil) }

    /// A pattern of many stars takes no time that grows with its stars.
    @Test func hostilePattern() throws {
        let patterns = try #require(NamePatterns(String(repeating: "*a", count: 1000) + "b"))
        #expect(!patterns.fit(String(repeating: "a", count: 5000)))
    }

    @Test func factors() throws {
        let factors = try #require(NameFactors("conv1*=0.1, conv*=0.5,top = 2"))
        #expect(["conv1_bn", "conv2", "top", "other"].map { factors[$0] } == [0.1, 0.5, 2, 1])
        #expect(factors.description == "conv1*=0.1, conv*=0.5, top=2.0")
        #expect(NameFactors(factors.description) == factors)
        for text in ["", "a", "a=", "a=0", "a=-1", "a=nan", "=1", "a=1,", "a=1=2"] { #expect(NameFactors(text) == nil) }
    }
}
