import Basics
import Models

/// Networks whose features are learned elsewhere, and kept: give their weights with `--init-from`.
enum Transfer {
    static let models = [
        ZooModel(
            name: "vgg16-transfer", source: "vgg16 without top, frozen, and a dense layer", input: [224, 224, 3],
            classes: 2, loss: .sparseCategoricalCrossEntropy, build: vgg16),
        ZooModel(
            name: "resnet50-transfer", source: "resnet50 without top, frozen, its mean, and a dense layer",
            input: [224, 224, 3], classes: 2, loss: .sparseCategoricalCrossEntropy, build: resnet50),
        ZooModel(
            name: "resnet50-cifar100",
            source: "CIFAR images enlarged for a resnet50 that trains its normalisations only",
            input: [32, 32, 3], classes: 100, loss: .sparseCategoricalCrossEntropy, build: cifar100),
    ]

    @Sendable private static func vgg16(
        input: Shape, classes: Int, _: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("vgg16-transfer", input: input)
        graph.trains = { _ in false }
        let x = VGG(name: "vgg16", column: .d).features(&graph, graph.input)
        graph.trains = { _ in true }
        _ = graph.dense(graph.flatten(x), classes, activation: .softmax)
        return try graph.network()
    }

    @Sendable private static func resnet50(
        input: Shape, classes: Int, _: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("resnet50-transfer", input: input)
        graph.trains = { _ in false }
        let x = ResNet.resnet50.features(&graph, graph.input)
        graph.trains = { _ in true }
        _ = graph.dense(graph.globalAveragePooling(x, name: "avg_pool"), classes, activation: .softmax)
        return try graph.network()
    }

    /// Images of 32x32 become 256x256: each pixel 64.
    @Sendable private static func cifar100(
        input: Shape, classes: Int, _: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("resnet50-cifar100", input: input)
        var x = graph.input
        for _ in 0..<3 { x = graph.upSampling(x) }
        graph.trains = { if case .batchNormalization = $0 { true } else { false } }
        x = ResNet.resnet50.features(&graph, x)
        graph.trains = { _ in true }
        x = graph.globalAveragePooling(x)
        x = graph.dropout(graph.dense(x, 256, activation: .relu), rate: 0.25)
        _ = graph.dense(graph.batchNormalization(x), classes, activation: .softmax)
        return try graph.network()
    }
}
