/// The ends of epochs 1, 2, 4, 8 and so on, after which a run is looked at in ways that cost more. A run changes most in its first
/// epochs.
package enum Milestone {
    package static func isReached(afterEpochs epochs: Int) -> Bool { epochs > 0 && epochs & (epochs - 1) == 0 }
}
