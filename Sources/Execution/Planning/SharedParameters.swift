import Lowering
import Models

/// Parameters that several operations have, since a layer is called several times. Each call leaves a share of the gradient, or
/// of what moving statistics are to become. The shares are added in the order of the calls in the plan, which is the same for
/// every shard and any number of ranks.
///
/// A share lies in memory of its own until the last one is there: only that one's segment may write the gradient arena.
struct SharedParameters {
    private struct Shares {
        let calls: Int
        /// Whose shares are in the sum.
        var added = 0
        /// Of the call at hand.
        var own: BufferID?
        var sum: BufferID?
    }

    /// By parameter.
    private var shares: [Int: Shares] = [:]

    init(_ operations: [Operation]) {
        var calls: [Int: Int] = [:]
        for parameter in operations.flatMap(\.parameters) { calls[parameter, default: 0] += 1 }
        for (parameter, calls) in calls where calls > 1 { shares[parameter] = Shares(calls: calls) }
    }

    /// Where the call at hand leaves its share; nil for a parameter of one operation.
    mutating func own(_ parameter: Int, make: () -> BufferID) -> BufferID? {
        guard let known = shares[parameter] else { return nil }
        let buffer = known.own ?? make()
        shares[parameter]?.own = buffer
        return buffer
    }

    /// One addition: what is to be added, and by which factors. `sum` is nil before the first one.
    struct Addition {
        let own: BufferID
        let sum: BufferID?
        let isLast: Bool
        let ownFactor: Float
        let sumFactor: Float
    }

    /// Ends the call at hand. Of statistics each share moves the average by `momentum`, one call after the other, as in Keras:
    /// the sum is a mean of the shares in which the later ones count more, and moves it once by the momentum's power. Nil
    /// where the call has left nothing.
    mutating func endCall(_ parameter: Int, momentum: Float?) -> Addition? {
        guard let known = shares[parameter], let own = known.own else { return nil }
        let weight = { (calls: Int) in (0..<calls).reduce(Float(0)) { sum, _ in 1 + (momentum ?? 0) * sum } }
        let before = weight(known.added)
        let addition = Addition(
            own: own, sum: known.sum, isLast: known.added == known.calls - 1,
            ownFactor: momentum == nil ? 1 : 1 / weight(known.added + 1),
            sumFactor: momentum.map { $0 * before / weight(known.added + 1) } ?? 1)
        shares[parameter] = Shares(
            calls: known.calls, added: known.added + 1, own: nil, sum: known.sum ?? own)
        return addition
    }

    func isShared(_ parameter: Int) -> Bool { shares[parameter] != nil }
}

extension PlanBuilder {
    /// Adds what a call has left for a parameter to what the calls before have. Returns whether this was the last one; of a
    /// parameter of one operation it always is.
    func endCall(of parameter: Int, momentum: Float? = nil) -> Bool {
        guard sharedParameters.isShared(parameter) else { return true }
        guard let addition = sharedParameters.endCall(parameter, momentum: momentum) else { return false }
        guard let sum = addition.sum else { return false }
        let target = addition.isLast ? arenaGradient(of: parameter) : sum
        let count = elementCount(of: parameter)
        emit("sum of calls", reads: [addition.own, sum], writes: [target]) { memory in
            let (own, sum, target) = (memory.floats(addition.own), memory.floats(sum), memory.floats(target))
            let (ownFactor, sumFactor) = (addition.ownFactor, addition.sumFactor)
            return { _ in
                for index in 0..<count { target[index] = sumFactor * sum[index] + ownFactor * own[index] }
            }
        }
        return addition.isLast
    }
}
