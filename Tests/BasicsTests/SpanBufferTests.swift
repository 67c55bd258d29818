import Basics
import Testing

@Suite struct SpanBufferTests {
    @Test func keepsWhatFitsAndCountsTheRest() {
        let buffer = SpanBuffer(capacity: 3)
        let (first, second) = (
            buffer.label(.init("a", "x", numbering: "n")), buffer.label(.init("a", "y", numbering: "n"))
        )
        #expect(buffer.label(.init("a", "x", numbering: "n")) == first && second != first)
        for number in 0..<5 { buffer.record(number % 2 == 0 ? first : second, number, from: UInt64(number), to: 10) }
        #expect(buffer.count == 3 && buffer.dropped == 2)
        #expect((0..<3).map { buffer[$0].number } == [0, 1, 2])
        #expect((0..<3).map { buffer.labels[Int(buffer[$0].label)].name } == ["x", "y", "x"])
        #expect(buffer[1].begin == 1 && buffer[1].end == 10)
    }

    @Test func recordsNothingAfterItsEnd() {
        let buffer = SpanBuffer(capacity: 3)
        let label = buffer.label(.init("a", "x", numbering: "n"))
        buffer.record(label, 0, from: BootClock.now)
        buffer.endRecording()
        buffer.record(label, 1, from: BootClock.now)
        #expect(!buffer.isRecording && buffer.count == 1 && buffer.dropped == 0)
        #expect(buffer[0].begin <= buffer[0].end)
    }
}
