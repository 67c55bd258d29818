/// What a plan computes.
public enum PlanPurpose: Sendable {
    /// Forward, loss and backward.
    case training
    /// Forward and metrics.
    case evaluation
    /// Forward, and the network's last activation.
    case prediction
}
