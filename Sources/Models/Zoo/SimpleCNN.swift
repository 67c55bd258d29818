import NumericCore

/// One convolution, one pooling, one dense layer: the smallest network that sees.
enum SimpleCNN {
    static let models = [
        ZooModel(
            name: "simple-cnn", source: "a one-convolution CIFAR-10 tutorial network", input: [32, 32, 3], classes: 10,
            loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in
            try network("simple-cnn", input: input, classes: classes, dropout: nil)
        },
        ZooModel(
            name: "simple-cnn-dropout", source: "simple-cnn with dropout 0.5 before the dense layer",
            input: [32, 32, 3], classes: 10, loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in
            try network("simple-cnn-dropout", input: input, classes: classes, dropout: 0.5)
        },
    ]

    static func network(
        _ name: String, input: Shape, classes: Int, dropout: Float?
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = graph.convolution(graph.input, 32, kernel: 3, activation: .relu)
        x = graph.maxPooling(x)
        if let dropout { x = graph.dropout(x, rate: dropout) }
        x = graph.flatten(x)
        _ = graph.dense(x, classes, activation: .softmax)
        return try graph.network()
    }
}
