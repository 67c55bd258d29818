/// A layer of a network, as pictures of it show it.
public struct GraphNode: Sendable, Equatable {
    public let name: String
    /// Keras's class.
    public let operation: String
    /// The names of the layers that it reads.
    public let inputs: [String]
    /// Of its output for one sample.
    public let shape: [Int]

    package init(name: String, operation: String, inputs: [String], shape: [Int]) {
        (self.name, self.operation, self.inputs, self.shape) = (name, operation, inputs, shape)
    }
}
