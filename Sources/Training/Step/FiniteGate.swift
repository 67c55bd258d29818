import Basics
import MessagePassing
import Reduction

/// Lets a step's updates pass only if all losses and gradients of all ranks are finite. So a step that is left out changes
/// nothing on any rank: no weight, no optimizer slot, no statistic.
final class FiniteGate: UpdateGate {
    /// Whether the last step was left out; the same on all ranks.
    private(set) var isClosed = false

    private let communicator: Communicator
    private var isFinite = true

    init(_ communicator: Communicator) { self.communicator = communicator }

    /// The loss of a shard of this rank was not finite, or a norm.
    func sawNonFinite() { isFinite = false }

    func look(at range: Range<Int>, _ sum: UnsafeMutablePointer<Float>) {
        if isFinite { isFinite = allFinite(sum, count: range.count) }
    }

    func open() throws -> Bool {
        let bad: Int32 = try communicator.allReduceSum(isFinite ? 0 : 1)
        isFinite = true
        isClosed = bad > 0
        return !isClosed
    }
}
