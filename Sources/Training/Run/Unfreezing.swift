import Basics
import Checkpoints
import Models
import Options

/// How a run goes on when its frozen layers begin to train: as a run of another network would, with the weights, the data and
/// the decisions so far, and with a new optimizer. Keras does so if a model is compiled again.
///
/// The checkpoint between the two is still that of the frozen network. A run that is resumed from it does this first.
extension Trainer {
    /// Collective. The memory of the frozen network's replica and optimizer is given back once the new ones have been made.
    mutating func unfreeze(_ writer: CheckpointWriter?) throws {
        let weights = try parts.replica.weights()
        let unfrozen = try RunParts(
            parts.session, parts.data, parts.session.options.unfreezing(parts.network), parts.loss, resumed: nil,
            isUnfrozen: true, initialWeights: parts.initialWeights
        ) {
            RunStart(weights: weights)
        }
        self = try Trainer(
            unfrozen, (coordinator, progress), writer, observers, resumedFrom: checkpoints.lastWhole, tally: tally)
    }
}

extension TrainingOptions {
    /// Whether the layers train that were frozen at first. The state at the start of that epoch is still the frozen network's.
    func isUnfrozen(_ position: RunState.Position) -> Bool {
        unfreezeAtEpoch.map { position.epoch > $0 || position.epoch == $0 && position.step > 0 } ?? false
    }
}
