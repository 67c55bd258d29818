/// Holds a step's updates back until one value over all gradients is known, such as their norm, or whether all of them
/// are finite. Without a gate each slice is updated as soon as its sum is there.
public protocol UpdateGate: AnyObject {
    /// Is shown the sum of each owned slice, in the order of the arena. `sum` is its first element. The gate may change the
    /// values, until `open` returns; updates get them as it leaves them.
    func look(at range: Range<Int>, _ sum: UnsafeMutablePointer<Float>)
    /// Called when all owned slices of the step have been shown: agrees on the value over all ranks. Returns whether the
    /// updates are made, the same on all ranks. To end the run before any weight has changed, it throws on all ranks.
    /// Collective.
    func open() throws -> Bool
}
