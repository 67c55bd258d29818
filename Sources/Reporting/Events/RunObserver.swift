/// Someone who looks on: shows or records a run, and steers nothing.
///
/// An observer implements the events that it wants to know of. They come in this order: the run begins; steps end; after the
/// last step of an epoch validation progresses and the epoch ends, and after some of them (`Milestone`) weights and confusion are
/// measured; the run ends. Behind a step that was not finite the run may be rolled back: the steps of the epoch then come once
/// more. Checkpoints are written while the run goes on. So `checkpointSaved` comes between two later steps, and at the latest
/// before the next epoch or the run ends. Events
/// are told on the computing thread, so a step waits until its observers return. What an observer throws ends the run.
///
/// Observers of rank 0 are told everything. Those of other ranks are told everything but checkpoints. Nobody is told of the
/// end of a run that another rank brings down.
public protocol RunObserver: AnyObject {
    func runBegan(_ event: RunBegun) throws
    func stepEnded(_ event: StepEnded) throws
    func rolledBack(_ event: RolledBack) throws
    func validationProgressed(_ event: ValidationProgress) throws
    func epochEnded(_ event: EpochEnded) throws
    /// Whether `weightsMeasured` is wanted: it costs a look at every weight.
    var wantsWeights: Bool { get }
    func weightsMeasured(_ event: WeightsMeasured) throws
    /// Whether `confusionMeasured` is wanted of a run with classes: it costs a count for each pair of them on every rank.
    var wantsConfusion: Bool { get }
    func confusionMeasured(_ event: ConfusionMeasured) throws
    /// A checkpoint of the steps so far is about to be written. What was recorded of them must be on the disk first: a run
    /// resumed from the checkpoint would never record it again.
    func checkpointIsDue() throws
    func checkpointSaved(_ event: CheckpointSaved) throws
    func runEnded(_ event: RunEnded) throws
}

extension RunObserver {
    public func runBegan(_ event: RunBegun) {}
    public func stepEnded(_ event: StepEnded) {}
    public func rolledBack(_ event: RolledBack) {}
    public func validationProgressed(_ event: ValidationProgress) {}
    public func epochEnded(_ event: EpochEnded) {}
    public var wantsWeights: Bool { false }
    public func weightsMeasured(_ event: WeightsMeasured) {}
    public var wantsConfusion: Bool { false }
    public func confusionMeasured(_ event: ConfusionMeasured) {}
    public func checkpointIsDue() {}
    public func checkpointSaved(_ event: CheckpointSaved) {}
    public func runEnded(_ event: RunEnded) {}
}
