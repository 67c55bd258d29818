import Basics
import Models

/// Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014, table 1. Names are
/// those of keras.applications, so that its weights load; dropout 0.5, which the paper trains with, is ours.
///
///     block   output    A        B        C              D         E
///     1       224x224   3        3 3      3 3            3 3       3 3        64 filters
///     2       112x112   3        3 3      3 3            3 3       3 3        128
///     3       56x56     3 3      3 3      3 3 1          3 3 3     3 3 3 3    256
///     4       28x28     3 3      3 3      3 3 1          3 3 3     3 3 3 3    512
///     5       14x14     3 3      3 3      3 3 1          3 3 3     3 3 3 3    512
///             7x7       dense 4096, dense 4096, dense, softmax
///
/// Each number is the side of a convolution's window; each block ends in 2x2 max pooling.
struct VGG {
    enum Column: String {
        case a = "A", b = "B", c = "C", d = "D", e = "E"

        /// Sides of windows in blocks 1 to 5.
        var windows: [[Int]] {
            switch self {
            case .a: [[3], [3], [3, 3], [3, 3], [3, 3]]
            case .b: [[3, 3], [3, 3], [3, 3], [3, 3], [3, 3]]
            case .c: [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]]
            case .d: [[3, 3], [3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
            case .e: [[3, 3], [3, 3], [3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]]
            }
        }
    }

    enum Normalization {
        case none
        /// Local responses, behind the first convolution: the paper's column A-LRN.
        case firstResponse
        /// Batch normalisation behind each convolution: a later habit.
        case batch
    }

    let name: String
    let column: Column
    var normalization = Normalization.none

    private static let networks = [
        VGG(name: "vgg11", column: .a), VGG(name: "vgg11-lrn", column: .a, normalization: .firstResponse),
        VGG(name: "vgg13", column: .b), VGG(name: "vgg16-c", column: .c), VGG(name: "vgg16", column: .d),
        VGG(name: "vgg19", column: .e), VGG(name: "vgg19-bn", column: .e, normalization: .batch),
    ]

    static let models = networks.map(\.model)

    /// Section 3.1: "we initialised the first four convolutional layers and the last three fully-connected layers with the
    /// layers of net A".
    private static let layersFromA: Set = [
        "block1_conv1", "block2_conv1", "block3_conv1", "block3_conv2", "fc1", "fc2", "predictions",
    ]

    private var model: ZooModel {
        let variant =
            switch normalization {
            case .none: column == .d || column == .e ? ", as keras.applications" : ""
            case .firstResponse: "-LRN"
            case .batch: " with batch normalisation"
            }
        return ZooModel(
            name: name, source: "Simonyan and Zisserman 2014, column \(column.rawValue)\(variant)",
            input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top],
            layersFromShallower: Self.layersFromA
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private func network(input: Shape, classes: Int, includesTop: Bool) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = features(&graph, graph.input)
        if includesTop {
            x = graph.flatten(x, name: "flatten")
            for name in ["fc1", "fc2"] {
                x = graph.dropout(graph.dense(x, 4096, activation: .relu, name: name), rate: 0.5)
            }
            _ = graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try graph.network()
    }

    /// Blocks 1 to 5.
    func features(_ graph: inout GraphBuilder, _ input: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
        var x = input
        for (block, (windows, filters)) in zip(column.windows, [64, 128, 256, 512, 512]).enumerated() {
            for (number, window) in windows.enumerated() {
                let name = "block\(block + 1)_conv\(number + 1)"
                let normalizes = normalization == .batch
                x = graph.convolution(
                    x, filters, kernel: Extent2D(window), padding: .same, activation: normalizes ? .linear : .relu,
                    name: name)
                if normalizes {
                    x = graph.batchNormalization(x, name: name + "_bn")
                    x = graph.activation(x, .relu, name: name + "_relu")
                }
                if normalization == .firstResponse, block == 0, number == 0 {
                    x = graph.localResponseNormalization(x, name: "block1_lrn")
                }
            }
            x = graph.maxPooling(x, name: "block\(block + 1)_pool")
        }
        return x
    }
}
