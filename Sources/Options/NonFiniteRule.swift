/// What a run does in a step whose loss or gradients are not finite.
public enum NonFiniteRule: String, NamedOptionValue {
    /// Ends with an error that names step, layer and samples.
    case stop
    /// Leaves the step out on all ranks, and goes on.
    case skip
    /// Goes back to the start of the epoch on all ranks, and begins it anew with a lower learning rate.
    case rollback
}
