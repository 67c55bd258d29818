import Models
import Testing

@Suite struct JSONValueTests {
    @Test func roundTrip() throws {
        let value: JSONValue = [
            "null": nil, "flag": true, "number": 0.1, "large": 9_007_199_254_740_993, "text": "a/b \"c\" \u{e9}\n",
            "list": [1, [], [:]],
        ]
        #expect(try JSONValue(parsing: value.text()) == value)
    }

    @Test func equalValuesGiveEqualText() throws {
        let a: JSONValue = ["b": 1, "a": ["d": 2, "c": 3]]
        let b: JSONValue = ["a": ["c": 3, "d": 2], "b": 1]
        #expect(try a.text() == b.text())
        #expect(try a.text() == #"{"a":{"c":3,"d":2},"b":1}"#)
    }

    @Test func flagsAndNumbersAreNotConfused() throws {
        let value = try JSONValue(parsing: #"{"one": 1, "yes": true, "half": 0.5, "two": 2.0}"#)
        #expect(value["one"]?.integer == 1 && value["one"]?.bool == nil)
        #expect(value["yes"]?.bool == true && value["yes"]?.integer == nil)
        #expect(value["half"]?.integer == nil && value["half"]?.number == 0.5)
        #expect(value["two"]?.integer == 2)
        #expect(throws: (any Error).self) { try JSONValue(parsing: "{") }
    }
}
