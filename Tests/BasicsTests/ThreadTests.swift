import Testing

import Basics

@Suite struct ThreadTests {
    /// Each waits for the other's turn.
    @Test func threadsTakeTurns() throws {
        let condition = Condition()
        let shared = Shared()
        try BackgroundThread.start("a name longer than the kernel keeps") {
            for turn in stride(from: 1, to: 100, by: 2) { shared.take(turn, condition) }
        }
        for turn in stride(from: 0, to: 100, by: 2) { shared.take(turn, condition) }
        condition.withLock { while shared.turns < 100 { condition.wait() } }
        #expect(shared.turns == 100)
    }

    private final class Shared: @unchecked Sendable {
        /// Guarded by the condition.
        var turns = 0

        func take(_ turn: Int, _ condition: Condition) {
            condition.change {
                while turns != turn { condition.wait() }
                turns += 1
            }
        }
    }
}
