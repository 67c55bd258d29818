import Basics
import Models

/// Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013, figure 3. For its sizes the image needs
/// a margin of 1, and the poolings hang over the end, as Caffe's do.
///
///     layer    output         window
///     conv1    110x110, 96    7x7, stride 2
///     pool1    55x55          3x3, stride 2     then response normalisation
///     conv2    26x26, 256     5x5, stride 2
///     pool2    13x13          3x3, stride 2     then response normalisation
///     conv3    13x13, 384     3x3               zfnet-wide: 512
///     conv4    13x13, 384     3x3                           1024
///     conv5    13x13, 256     3x3                           512
///     pool5    6x6            3x3, stride 2
///     fc6      4096           behind dropout 0.5
///     fc7      4096           behind dropout 0.5
///     fc8      1000
///
/// The paper calls its normalisation one of local contrast; code of its time, and we, take AlexNet's.
enum ZFNet: String, CaseIterable {
    case paper = "zfnet"
    /// The middle layers of the network that won the ILSVRC of 2013.
    case wide = "zfnet-wide"

    static let models = allCases.map(\.model)

    /// Filters of conv3 to conv5.
    private var filters: [Int] {
        switch self {
        case .paper: [384, 384, 256]
        case .wide: [512, 1024, 512]
        }
    }

    private var model: ZooModel {
        ZooModel(
            name: rawValue,
            source: "Zeiler and Fergus 2013, figure 3" + (self == .wide ? ", with 512, 1024, 512 in the middle" : ""),
            input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private func network(input: Shape, classes: Int, includesTop: Bool) throws(NetworkError) -> Network {
        var graph = GraphBuilder(rawValue, input: input)
        var x = graph.zeroPadding(graph.input, Margins2D(1), name: "pad1")
        x = graph.convolution(x, 96, kernel: 7, stride: 2, activation: .relu, name: "conv1")
        x = graph.maxPooling(x, 3, stride: 2, padding: .ceil, name: "pool1")
        x = graph.localResponseNormalization(x, name: "norm1")
        x = graph.convolution(x, 256, kernel: 5, stride: 2, activation: .relu, name: "conv2")
        x = graph.maxPooling(x, 3, stride: 2, padding: .ceil, name: "pool2")
        x = graph.localResponseNormalization(x, name: "norm2")
        for (number, count) in zip(3..., filters) {
            x = graph.convolution(x, count, kernel: 3, padding: .same, activation: .relu, name: "conv\(number)")
        }
        x = graph.maxPooling(x, 3, stride: 2, padding: .ceil, name: "pool5")
        if includesTop { graph.alexNetTop(x, classes: classes) }
        return try graph.network()
    }
}
