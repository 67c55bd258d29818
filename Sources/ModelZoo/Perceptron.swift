import Basics
import Models

/// Networks of dense layers only.
enum Perceptron {
    static let models = [
        ZooModel(
            name: "mlp", source: "Keras's mnist_mlp example without dropout", input: [28, 28, 1], classes: 10,
            loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in try mlp(input: input, classes: classes) },
        ZooModel(
            name: "ann-regression", source: "a three-layer regression network of given widths", input: [8], classes: 1,
            loss: .meanSquaredError, variations: [.hiddenUnits]
        ) { (input, outputs, options) throws(NetworkError) in
            try regression(input: input, outputs: outputs, widths: options.hiddenUnits ?? [64, 64, 64])
        },
    ]

    static func mlp(input: Shape, classes: Int) throws(NetworkError) -> Network {
        var graph = GraphBuilder("mlp", input: input)
        var x = graph.flatten(graph.input)
        x = graph.dense(x, 512, activation: .relu)
        x = graph.dense(x, 512, activation: .relu)
        _ = graph.dense(x, classes, activation: .softmax)
        return try graph.network()
    }

    /// Dropout 0.2 after each hidden layer but the last; all kernels start from N(0, 0.05).
    static func regression(input: Shape, outputs: Int, widths: [Int]) throws(NetworkError) -> Network {
        guard !widths.isEmpty else {
            throw NetworkError(network: "ann-regression", layer: nil, reason: "needs at least one hidden layer")
        }
        var graph = GraphBuilder("ann-regression", input: input)
        var x = input.rank == 1 ? graph.input : graph.flatten(graph.input)
        for (index, width) in widths.enumerated() {
            x = graph.dense(x, width, activation: .relu, initializer: .normal(deviation: 0.05))
            if index < widths.count - 1 { x = graph.dropout(x, rate: 0.2) }
        }
        _ = graph.dense(x, outputs, initializer: .normal(deviation: 0.05))
        return try graph.network()
    }
}
