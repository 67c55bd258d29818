/// Where a checkpoint's weights and optimizer slots come from, an array at a time, so that they need not all lie in memory
/// beside the file that is composed of them. Each is asked for once, in the order of the file: first the weights, then
/// the slots in the order of `Optimizer.slotPlaces`.
package protocol CheckpointTensors {
    /// A parameter's values in Keras's shape, by its index in the network.
    func weight(_ parameter: Int) throws -> [Float]
    /// The same of other weights. Asked for behind the slots, set by set.
    func weight(_ parameter: Int, of set: RunState.WeightSet) throws -> [Float]
    /// The values of an optimizer's slot in the shape of its trainable parameter, both by index.
    func slot(_ slot: Int, of parameter: Int) throws -> [Float]
}

extension RunState: CheckpointTensors {
    package func weight(_ parameter: Int) -> [Float] { weights[parameter] }
    package func weight(_ parameter: Int, of set: WeightSet) -> [Float] { otherWeights[set]?[parameter] ?? [] }
    package func slot(_ slot: Int, of parameter: Int) -> [Float] { optimizer.slots[slot].values[parameter] }
}

extension RunState.EpochStart: CheckpointTensors {
    package func weight(_ parameter: Int) -> [Float] { weights[parameter] }
    /// No run that goes back to an epoch's start has other weights.
    package func weight(_ parameter: Int, of set: RunState.WeightSet) -> [Float] { [] }
    package func slot(_ slot: Int, of parameter: Int) -> [Float] { slots[slot].values[parameter] }
}
