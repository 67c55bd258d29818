import Execution
import MessagePassing
import Models
import Reduction

/// Holds a step's updates back until the norms are known that clipping or the optimizer needs.
///
/// What counts is the norm of the loss's gradients. So sums over samples become gradients of the loss as soon as they are
/// there. When all are, and are finite, an optimizer that needs the norms of its directions makes them. Until then no slot
/// has changed.
final class NormGate: UpdateGate {
    private let update: ParameterUpdate
    private let finite: FiniteGate?
    private let communicator: Communicator
    private let gradients: SquaredNorms
    /// Where the optimizer needs them.
    private let directions: SquaredNorms?
    private let weights: SquaredNorms?
    /// This rank's slices of the step at hand.
    private var slices: [(range: Range<Int>, gradient: UnsafeMutablePointer<Float>)] = []

    /// Nil if `update` needs no norms. `finite`: in runs that leave out steps which are not finite.
    init?(_ update: ParameterUpdate, _ ownership: SliceOwnership, _ communicator: Communicator, finite: FiniteGate?)
        throws
    {
        let needed = update.neededNorms
        if needed.isEmpty { return nil }
        self.update = update
        self.finite = finite
        self.communicator = communicator
        let make = { try SquaredNorms(update.trainable.map(\.range), ownership) }
        gradients = try make()
        directions = needed.contains(.direction) ? try make() : nil
        weights = needed.contains(.weights) ? try make() : nil
        slices.reserveCapacity(ownership.ranges.count)
    }

    func look(at range: Range<Int>, _ sum: UnsafeMutablePointer<Float>) {
        finite?.look(at: range, sum)
        update.regularize(range, sum)
        gradients.add(range, sum)
        slices.append((range, sum))
    }

    func open() throws -> Bool {
        defer { slices.removeAll(keepingCapacity: true) }
        try gradients.combine(communicator)
        if let bad = gradients.squares.firstIndex(where: { !Float($0).isFinite }) {
            // A norm can overflow where the gradient does not.
            guard let finite else { throw update.notFinite("norm of the gradient of \(update.trainable[bad].path)") }
            finite.sawNonFinite()
        }
        if let finite, try !finite.open() { return false }
        let all = Float(gradients.total.squareRoot())
        for index in update.norms.indices {
            update.norms[index].gradient = Float(gradients.squares[index].squareRoot())
            update.norms[index].allGradients = all
        }
        if let weights {
            for slice in slices { weights.add(slice.range, update.weights(from: slice.range.lowerBound)) }
            try weights.combine(communicator)
            for index in update.norms.indices {
                update.norms[index].weights = Float(weights.squares[index].squareRoot())
            }
        }
        if let directions {
            for slice in slices {
                update.direct(slice.range, slice.gradient)
                directions.add(slice.range, slice.gradient)
            }
            try directions.combine(communicator)
            for index in update.norms.indices {
                update.norms[index].direction = Float(directions.squares[index].squareRoot())
            }
        }
        return true
    }
}
