import Basics
import Models
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        (#"{"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]}"#, nil), (#"{"a": "b", "b" : "a"}"#, nil),
        (#"["a", "a", {"a": ["a", "a"]}]"#, nil), (#""{\"a\":1,\"a\":2}""#, nil), ("", nil),
        (#"{"a": "\\", "b": "a\""}"#, nil),
        (#"{"a": 1, "b": {}, "a": 2}"#, "a"), (#"{"b": [1, {"a": {"a": 1}, "a":3}]}"#, "a"),
        (#"{"é": 1, "\\u00e9": 2}"#, nil),
        (#"{"é": 1, "\u00e9" : 2}"#, "é"), (#"{"": 1, "": 2}"#, ""), (#"{"a\"": 1, "a\"": 2}"#, #"a""#),
        (#"{"a": 1, "a"#, nil),
    ])
    func aMemberThatIsThereTwice(_ text: String, _ member: String?) {
        #expect(JSONValue.repeatedMember(of: text) == member)
    }

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

    /// A number never looks like an integer, which Python takes for another type.
    @Test func numbersHaveAPointOrAnExponent() throws {
        let value: JSONValue = [.number(0), .number(-2), .integer(3), 0.1, .number(1e-7), .number(1e16)]
        #expect(try value.text() == "[0.0,-2.0,3,0.1,1e-07,1e+16]")
        #expect(throws: EncodingError.self) { try JSONValue.number(.nan).text() }
    }

    @Test func textIsEscaped() throws {
        let value: JSONValue = ["\"": "\\ \u{1}\n\u{1f} /\u{e9}"]
        #expect(try value.text() == #"{"\"":"\\ \u0001\u000a\u001f /"# + "\u{e9}\"}")
        #expect(try JSONValue(parsing: value.text()) == value)
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
