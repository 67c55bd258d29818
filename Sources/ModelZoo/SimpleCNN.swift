import Basics
import Models

/// Small networks of 3x3 convolutions, 2x2 max poolings and dense layers, of tutorials.
struct SimpleCNN {
    enum Step {
        /// With ReLU.
        case convolution(Int)
        case pool
        case relu
        case dropout(Float)
        /// With ReLU.
        case dense(Int)
    }

    let name: String
    let source: String
    var input: Shape = [32, 32, 3]
    var classes = 10
    let steps: [Step]
    var output = Activation.softmax

    static let models = [
        SimpleCNN(
            name: "simple-cnn", source: "a one-convolution CIFAR-10 tutorial network", steps: [.convolution(32), .pool]
        ),
        SimpleCNN(
            name: "simple-cnn-dropout", source: "simple-cnn with dropout 0.5 before the dense layer",
            steps: [.convolution(32), .pool, .dropout(0.5)]),
        SimpleCNN(
            name: "cnn-tutorial", source: "TensorFlow's CNN tutorial; its outputs are logits",
            steps: [.convolution(32), .pool, .convolution(64), .pool, .convolution(64), .dense(64)], output: .linear),
        SimpleCNN(
            name: "classic-cnn", source: "conv, conv, pool, ReLU, conv, pool, dense, as introductions draw it",
            steps: [.convolution(32), .convolution(32), .pool, .relu, .convolution(64), .pool]),
        SimpleCNN(
            name: "classic-cnn-boat", source: "the example of dog, cat, boat and bird: 3 filters, then 6", classes: 4,
            steps: [.convolution(3), .pool, .convolution(6), .pool]),
        SimpleCNN(
            name: "cats-dogs", source: "a Keras exercise: one output says whether it is a dog", input: [150, 150, 3],
            classes: 1,
            steps: [
                .convolution(32), .pool, .convolution(64), .pool, .convolution(128), .pool, .convolution(128), .pool,
                .dropout(0.5), .dense(512),
            ], output: .sigmoid),
    ].map(\.model)

    private var model: ZooModel {
        ZooModel(
            name: name, source: source, input: input, classes: classes,
            loss: output == .sigmoid ? .binaryCrossEntropy : .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in try network(input: input, classes: classes) }
    }

    private func network(input: Shape, classes: Int) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = graph.input
        var isFlat = false
        for step in steps {
            switch step {
            case .convolution(let filters): x = graph.convolution(x, filters, kernel: 3, activation: .relu)
            case .pool: x = graph.maxPooling(x)
            case .relu: x = graph.activation(x, .relu)
            case .dropout(let rate): x = graph.dropout(x, rate: rate)
            case .dense(let units):
                if !isFlat { x = graph.flatten(x) }
                isFlat = true
                x = graph.dense(x, units, activation: .relu)
            }
        }
        if !isFlat { x = graph.flatten(x) }
        _ = graph.dense(x, classes, activation: output)
        return try graph.network()
    }
}
