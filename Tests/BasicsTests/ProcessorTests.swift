import Basics
import Testing

@Suite struct ProcessorTests {
    /// On 16 processors, with (processes, processors each keeps busy, processors each may run on).
    @Test(
        arguments: [
            ((1, 1, 16), 15), ((4, 1, 16), 3), ((4, 4, 16), 0), ((16, 1, 16), 0), ((20, 1, 16), 0),
            // Bound to a processor, to half of the machine, to four.
            ((2, 1, 1), 0), ((4, 1, 8), 3), ((2, 1, 4), 3), ((2, 2, 4), 2),
        ] as [((Int, Int, Int), Int)])
    func idleOnesAreShared(given: (Int, Int, Int), idle: Int) {
        #expect(Processors.idle(processes: given.0, busy: given.1, allowed: given.2, online: 16) == idle)
    }

    @Test func thereAreSome() {
        #expect(Processors.allowed >= 1 && Processors.allowed <= Processors.online)
    }
}
