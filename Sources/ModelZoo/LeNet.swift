import Basics
import Models

/// LeNet-5: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
///
///     input 32x32   C1 6@28x28   S2 6@14x14   C3 16@10x10   S4 16@5x5   C5 120   F6 84   output 10
enum LeNet {
    static let models = [
        ZooModel(
            name: "lenet5", source: "LeCun et al. 1998, with full connections, average pooling and softmax",
            input: [32, 32, 1], classes: 10, loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in try classic(input: input, classes: classes) },
        ZooModel(
            name: "lenet5-1998", source: "LeCun et al. 1998: trainable subsampling, partial C3, distances to codes",
            input: [32, 32, 1], classes: 10, loss: Loss(.maximumAPosteriori)
        ) { (input, classes, _) throws(NetworkError) in try original(input: input, classes: classes) },
        ZooModel(
            name: "lenet5-keras", source: "LeNet-5 as Keras notebooks write it: ReLU, max pooling, 28x28 input",
            input: [28, 28, 1], classes: 10, loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in try keras(input: input, classes: classes) },
    ]

    /// Images of 28x28 are padded to the paper's 32x32: `same` padding of the 5x5 kernel does just that.
    static func classic(input: Shape, classes: Int) throws(NetworkError) -> Network {
        try require(input, among: [[32, 32, 1], [28, 28, 1]], model: "lenet5")
        var graph = GraphBuilder("lenet5", input: input)
        var x = graph.convolution(
            graph.input, 6, kernel: 5, padding: input[0] == 28 ? .same : .valid, activation: .tanh, name: "c1")
        x = graph.averagePooling(x, name: "s2")
        x = graph.convolution(x, 16, kernel: 5, activation: .tanh, name: "c3")
        x = graph.averagePooling(x, name: "s4")
        x = graph.convolution(x, 120, kernel: 5, activation: .tanh, name: "c5")
        x = graph.flatten(x)
        x = graph.dense(x, 84, activation: .tanh, name: "f6")
        _ = graph.dense(x, classes, activation: .softmax, name: "output")
        return try graph.network()
    }

    /// The network of section II.B, with the paper's squashing function and initial weights (appendix A: uniform in
    /// ±2.4 / inputs of a unit):
    ///
    ///     layer       C1        S2      C3        S4      C5       F6       output
    ///     parameters  156       12      1,516     32      48,120   10,164   840 fixed
    ///     connections 122,304   5,880   151,600   2,000   48,120   10,164   840
    static func original(input: Shape, classes: Int) throws(NetworkError) -> Network {
        try require(input, among: [[32, 32, 1], [28, 28, 1]], model: "lenet5-1998")
        let scaled = { (inputs: Int) in Initializer.uniform(limit: 2.4 / Float(inputs)) }
        var graph = GraphBuilder("lenet5-1998", input: input)
        var x = graph.convolution(
            graph.input, 6, kernel: 5, padding: input[0] == 28 ? .same : .valid, activation: .scaledTanh,
            initializer: scaled(25), name: "c1")
        x = graph.subsampling(x, activation: .scaledTanh, initializer: scaled(4), name: "s2")
        // Most maps of C3 see four maps of S2.
        x = graph.partialConvolution(
            x, kernel: 5, connections: connectionsOfC3, activation: .scaledTanh, initializer: scaled(4 * 25),
            name: "c3")
        x = graph.subsampling(x, activation: .scaledTanh, initializer: scaled(4), name: "s4")
        x = graph.convolution(
            x, 120, kernel: 5, activation: .scaledTanh, initializer: scaled(16 * 25), name: "c5")
        x = graph.flatten(x)
        x = graph.dense(x, 84, activation: .scaledTanh, initializer: scaled(120), name: "f6")
        // The paper draws characters; other classes than the digits have codes by chance, as it suggests as well.
        _ = graph.radialBasis(x, classes, codes: classes == 10 ? .digits : .signs, name: "output")
        return try graph.network()
    }

    /// Table I of the paper: which maps of S2 (rows) the maps of C3 (columns 0 to 15) see.
    private static let connectionsOfC3 = connections([
        "X...XXX..XXXX.XX",
        "XX...XXX..XXXX.X",
        "XXX...XXX..X.XXX",
        ".XXX..XXXX..X.XX",
        "..XXX..XXXX.XX.X",
        "...XXX..XXXX.XXX",
    ])

    /// For each column of a table the rows with a cross.
    private static func connections(_ table: [String]) -> [[Int]] {
        let rows = table.map(Array.init)
        return rows[0].indices.map { column in rows.indices.filter { rows[$0][column] == "X" } }
    }

    static func keras(input: Shape, classes: Int) throws(NetworkError) -> Network {
        try require(input, among: [[28, 28, 1]], model: "lenet5-keras")
        var graph = GraphBuilder("lenet5-keras", input: input)
        var x = graph.convolution(graph.input, 6, kernel: 5, activation: .relu)
        x = graph.maxPooling(x)
        x = graph.convolution(x, 16, kernel: 5, activation: .relu)
        x = graph.maxPooling(x)
        x = graph.flatten(x)
        x = graph.dense(x, 120, activation: .relu)
        x = graph.dense(x, 84, activation: .relu)
        _ = graph.dense(x, classes, activation: .softmax)
        return try graph.network()
    }

    private static func require(_ input: Shape, among accepted: [Shape], model: String) throws(NetworkError) {
        guard accepted.contains(input) else {
            let list = accepted.map(\.description).joined(separator: " or ")
            throw NetworkError(
                network: model, layer: "input_layer",
                reason: "takes images of \(list), but the data has \(input); choose another --model or other data")
        }
    }
}
