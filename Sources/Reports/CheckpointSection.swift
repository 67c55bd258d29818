import Basics
import Checkpoints
import Evaluation
import Models

/// What a page says of one checkpoint.
extension RunSection {
    /// `file` is the checkpoint that holds `state`.
    public init(_ state: RunState, file: String) throws {
        let inspection = CheckpointInspection(state, file: file)
        let summary = ModelSummary(state.network)
        let position = state.position
        let stepsPerEpoch = position.epoch > 0 ? (position.globalStep - position.step) / position.epoch : 0
        let epochs = state.history.enumerated().map { index, record -> JSONValue in
            let place: [String: JSONValue] = [
                "epoch": .integer(index + 1), "step": .integer((index + 1) * stepsPerEpoch),
            ]
            return .object(record.mapValues { .ifFinite($0) }.merging(place) { $1 })
        }
        self.init([
            "name": .string(file), "state": .string("checkpoint"),
            "options": .object(
                state.options.mapValues { .string($0) }.merging(["model": .string(state.network.name)]) { $1 }),
            "epochs": .array(epochs), "steps": [],
            "facts": .array(inspection.facts.map { ["name": .string($0.name), "value": .string($0.value)] }),
            "layers": .array(
                summary.rows.map { row in
                    [
                        "name": .string(row.name), "type": .string(row.type),
                        "shape": .string(row.outputShape.description), "parameters": .integer(row.parameters),
                        "inputs": .string(row.connectedTo.joined(separator: ", ")),
                    ]
                }),
            "tensors": .array(
                inspection.tensorStatistics.map { name, shape, statistics in
                    [
                        "name": .string(name), "shape": .string(shape.description),
                        "min": .ifFinite(Double(statistics.minimum)), "mean": .ifFinite(statistics.mean),
                        "max": .ifFinite(Double(statistics.maximum)), "nan": .integer(statistics.nanCount),
                    ]
                }),
        ])
        add(environment: state.execution)
        try addKernels(of: InspectedModel(file))
    }
}
