import Basics
import Testing

@Suite struct JSONLineTests {
    @Test func membersKeepTheirOrder() {
        var inner = JSONLine()
        inner.add("b", 1)
        var line = JSONLine()
        line.add("z", "a \"quoted\"\n word")
        line.add("a", true)
        line.add("missing", nil as Double?)
        line.add("bad", Double.nan)
        line.add("rate", Float(0.1))
        line.add("inner", inner)
        #expect(
            line.text == #"{"z":"a \"quoted\"\u000a word","a":true,"bad":null,"rate":0.1,"inner":{"b":1}}"#)
        #expect(JSONLine().text == "{}")
    }

    @Test func wordsOfSystemFiles() throws {
        let status = try #require(SystemText("/proc/self/status"))
        #expect(status.number(after: "Threads:") ?? 0 > 0)
        #expect(status.word(after: "NoSuchKey:") == nil)
        #expect(SystemText("/proc/no/such/file") == nil)
        #expect(HostMemory.peakBytes ?? 0 > 1 << 20)
    }
}
