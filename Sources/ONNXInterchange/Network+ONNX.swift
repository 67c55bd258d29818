import Basics
import FileFormats
import Models

/// A network as an ONNX model (operator set 17), which takes samples as Keras does, [samples, height, width, channels] or
/// [samples, features], and gives what the network predicts. Inside, images are [samples, channels, height, width]. The input is
/// called `input` and the output `output`; where there are several, they have the names of their layers.
public struct ONNXModel: Sendable {
    public static var operatorSet: Int { ONNXGraph.opset }

    public let bytes: [UInt8]

    /// What becomes of stored samples before the network, baked into the graph. Of images: for each channel of the input a row
    /// of factors for the stored channels, and an offset. Of vectors: one row, of a factor for each feature.
    public struct Preprocessing: Sendable {
        public let factors: [[Float]]
        public let offsets: [Float]

        public init(factors: [[Float]], offsets: [Float]) { (self.factors, self.offsets) = (factors, offsets) }
    }

    /// `weights` are in the order of the network's parameters. Auxiliary outputs are left out, and dropout, which does nothing
    /// in prediction.
    public init(
        _ network: Network, weights: [[Float]], preprocessing: Preprocessing? = nil, metadata: [(String, String)] = []
    ) throws(NetworkError) {
        if preprocessing != nil {
            try network.requireOneInput("the preprocessing of several is not written; leave out --bake-preprocessing")
        }
        let serves = network.servesOutput
        let bytes = network.outputParameterCount.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        guard !bytes.overflow, bytes.partialValue < ONNXGraph.largest - (1 << 24) else {
            throw NetworkError(
                network: network.name, layer: nil, reason: "its weights are more than ONNX files hold, 2 GiB")
        }
        var builder = ONNXBuilder(network, weights)
        try builder.build(preprocessing, serves)
        self.bytes = builder.graph.model(
            inputs: network.inputs.map { (builder.inputName($0), network.shapes[$0]) },
            outputs: builder.outputs.map { (builder.outputName($0), network.shapes[$0]) }, metadata: metadata)
    }
}

private struct ONNXBuilder {
    var graph: ONNXGraph
    private let network: Network
    private let weights: [[Float]]
    /// Of each node, the indices of its parameters.
    private let parameters: [[Int]]
    /// The name of each node's output.
    private var values: [String]

    init(_ network: Network, _ weights: [[Float]]) {
        (self.network, self.weights) = (network, weights)
        graph = ONNXGraph(name: network.name)
        let own = Dictionary(grouping: network.parameters.indices) { network.parameters[$0].node }
        parameters = network.owners.map { own[$0] ?? [] }
        values = [String](repeating: "", count: network.nodes.count)
    }

    /// The nodes whose values the graph gives.
    var outputs: [Int] { network.heads.isEmpty ? [network.nodes.count - 1] : network.heads }

    func inputName(_ node: Int) -> String { network.inputs.count == 1 ? "input" : network.nodes[node].name }
    func outputName(_ node: Int) -> String { network.heads.isEmpty ? "output" : network.nodes[node].name }

    mutating func build(_ preprocessing: ONNXModel.Preprocessing?, _ serves: [Bool]) throws(NetworkError) {
        for name in network.inputs.map(inputName) + outputs.map(outputName) {
            guard graph.reserve(name) else {
                throw NetworkError(
                    network: network.name, layer: name,
                    reason: "two inputs or outputs of the ONNX graph would have this name; give the layer another one")
            }
        }
        for node in network.inputs { values[node] = input(node, preprocessing) }
        for (index, node) in network.nodes.enumerated().dropFirst(network.inputs.count) where serves[index] {
            let inputs = node.inputs.map { values[$0] }
            values[index] = try add(node, index, inputs)
        }
        for node in outputs {
            let name = outputName(node)
            let isImage = network.shapes[node].rank == 3
            graph.add("Identity", [isImage ? channelsLast(values[node], name) : values[node]], of: name, output: name)
        }
    }

    private mutating func input(_ node: Int, _ preprocessing: ONNXModel.Preprocessing?) -> String {
        let (name, isImage) = (inputName(node), network.shapes[node].rank == 3)
        let x = isImage ? channelsFirst(name, name) : name
        guard let preprocessing else { return x }
        let channels = preprocessing.offsets.count
        if isImage {
            let kernel = graph.constant(
                preprocessing.factors.flatMap(\.self), [channels, channels, 1, 1], "factors", of: "preprocessing")
            let offsets = graph.constant(preprocessing.offsets, [channels], "offsets", of: "preprocessing")
            return graph.add("Conv", [x, kernel, offsets], of: "preprocessing")
        }
        let factors = graph.constant(preprocessing.factors[0], [channels], "factors", of: "preprocessing")
        let offsets = graph.constant(preprocessing.offsets, [channels], "offsets", of: "preprocessing")
        return graph.add("Add", [graph.add("Mul", [x, factors], of: "preprocessing"), offsets], of: "preprocessing")
    }

    private mutating func channelsFirst(_ x: String, _ owner: String) -> String {
        graph.add("Transpose", [x], of: owner, [("perm", .integers([0, 3, 1, 2]))])
    }

    private mutating func channelsLast(_ x: String, _ owner: String) -> String {
        graph.add("Transpose", [x], of: owner, [("perm", .integers([0, 2, 3, 1]))])
    }

    private func values(of node: Int, _ place: Int) -> [Float] { weights[parameters[node][place]] }

    // MARK: Layers

    private mutating func add(_ node: Node, _ index: Int, _ inputs: [String]) throws(NetworkError) -> String {
        let (name, shapes) = (node.name, network.inputShapes(of: index))
        let x = inputs.first ?? ""
        let y: String
        try requireNoSequences(node, shapes)
        switch node.layer {
        case .dense(let layer) where shapes[0].rank == 3:
            let kernel = transposed(values(of: index, 0), 1, shapes[0][2], layer.units)
            y = convolution(
                x, kernel, layer.usesBias ? values(of: index, 1) : nil, Window2D(size: 1, stride: 1, padding: .valid),
                shapes[0], layer.units, name)
        case .dense(let layer):
            let kernel = graph.constant(
                values(of: index, 0), [shapes[0].count, layer.units], "kernel", of: name)
            let bias = layer.usesBias ? [graph.constant(values(of: index, 1), [layer.units], "bias", of: name)] : []
            y = graph.add("Gemm", [x, kernel] + bias, of: name)
        case .convolution(let layer):
            let kernel = transposed(
                values(of: index, 0), layer.window.size.count, shapes[0][2] / layer.groups, layer.filters)
            y = convolution(
                x, kernel, layer.usesBias ? values(of: index, 1) : nil, layer.window, shapes[0], layer.filters, name,
                groups: layer.groups)
        case .partialConvolution(let layer):
            let kernel = whole(values(of: index, 0), layer, channels: shapes[0][2])
            y = convolution(x, kernel, values(of: index, 1), layer.window, shapes[0], layer.connections.count, name)
        case .zeroPadding(let layer):
            let m = layer.margins
            y = pad(x, [0, 0, m.top, m.left, 0, 0, m.bottom, m.right], name)
        case .pooling(let layer):
            let isMax = layer.kind == .max
            y = graph.add(
                isMax ? "MaxPool" : "AveragePool", [x], of: name,
                window(layer.window, shapes[0], dilates: isMax) + (isMax ? [] : [("count_include_pad", .integer(0))]))
        case .globalAveragePooling:
            y = graph.add(
                "ReduceMean", [x], of: name, [("axes", .integers([2, 3])), ("keepdims", .integer(0))])
        case .batchNormalization(let layer): y = normalization(x, layer, index, shapes[0], name)
        case .activation: y = x
        case .dropout: y = x
        case .flatten:
            let rows = shapes[0].rank == 3 ? channelsLast(x, name) : x
            y = graph.add("Flatten", [rows], of: name, [("axis", .integer(1))])
        case .add: y = graph.add("Sum", inputs, of: name)
        case .scale(let layer):
            let factor = graph.constant([layer.factor], [1], "factor", of: name)
            let scaled = graph.add("Mul", [inputs[inputs.count - 1], factor], of: name)
            y = inputs.count == 1 ? scaled : graph.add("Add", [x, scaled], of: name)
        case .concatenate: y = graph.add("Concat", inputs, of: name, [("axis", .integer(1))])
        case .localResponseNormalization(let layer):
            y = graph.add(
                "LRN", [x], of: name,
                [
                    ("size", .integer(layer.size)), ("alpha", .number(layer.alpha * Float(layer.size))),
                    ("beta", .number(layer.beta)), ("bias", .number(layer.k)),
                ])
        case .upSampling(let layer):
            let factors = graph.constant(
                [1, 1, Float(layer.factor.height), Float(layer.factor.width)], [4], "factors", of: name)
            y = graph.add(
                "Resize", [x, "", factors], of: name,
                [
                    ("mode", .text("nearest")), ("coordinate_transformation_mode", .text("asymmetric")),
                    ("nearest_mode", .text("floor")),
                ])
        case .identityShortcut(let layer):
            let inputs = [
                [0, 0], [Int(Int32.max), Int(Int32.max)], [2, 3], [layer.stride.height, layer.stride.width],
            ]
            let names = zip(["starts", "ends", "axes", "steps"], inputs).map { graph.constant($1, $0, of: name) }
            let pixels = graph.add("Slice", [x] + names, of: name)
            y = pad(pixels, [0, 0, 0, 0, 0, layer.filters - shapes[0][2], 0, 0], name)
        case .subsampling(let layer): y = subsampling(x, layer, index, shapes[0], name)
        case .plain(let layer as Rescaling):
            y = affine(x, factors: layer.scale, offsets: layer.offset, shapes[0], name)
        case .plain(let layer as Standardization):
            let mean = layer.given?.mean ?? values(of: index, 0)
            let variance = layer.given?.variance ?? values(of: index, 1)
            let factors = variance.map { 1 / max($0.squareRoot(), Standardization.leastDeviation) }
            let centred = affine(x, factors: [1], offsets: mean.map { -$0 }, shapes[0], name)
            y = affine(centred, factors: factors, offsets: [0], shapes[0], name)
        case .plain(let layer as DepthwiseConvolution2D):
            let (channels, filters) = (shapes[0][2], shapes[0][2] * layer.multiplier)
            let kernel = transposed(values(of: index, 0), layer.window.size.count, 1, filters)
            y = convolution(
                x, kernel, layer.usesBias ? values(of: index, 1) : nil, layer.window, shapes[0], filters, name,
                groups: channels)
        case .plain(let layer as SeparableConvolution2D):
            y = separableConvolution(x, layer, index, shapes[0], name)
        case .plain(let layer as RectifiedLinear) where layer.slope == 0 && layer.threshold == 0:
            y = layer.most.map { clipped(x, to: $0, name) } ?? graph.add("Relu", [x], of: name)
        case .plain(let layer as Merge) where layer.onnxOperator(of: inputs.count) != nil:
            y = graph.add(layer.onnxOperator(of: inputs.count) ?? "", inputs, of: name)
        case .plain(is Reshape) where network.shapes[index] == [1, 1, shapes[0].count] && shapes[0].rank == 1:
            let shape = graph.constant([-1, shapes[0].count, 1, 1], "shape", of: name)
            y = graph.add("Reshape", [x, shape], of: name)
        case .plain(let layer as RadialBasis): y = distances(x, layer, index, shapes[0], name)
        case .input: y = x
        case .plain(let layer as any RandomDescription) where layer.inferring == .dropout(Dropout(rate: 0)): y = x
        case .plain:
            let usual = ["Concatenate", "Softmax"].contains { $0 == node.layer.description.typeName }
            throw unwritable("a layer \(node.layer.description.typeName)\(usual ? " of this axis" : "")", name)
        }
        return try activation(y, node.layer.activation, name)
    }

    /// Of sequences only what has no axis of channels can be written.
    private func requireNoSequences(_ node: Node, _ shapes: [Shape]) throws(NetworkError) {
        guard shapes.contains(where: { $0.rank == 2 }) else { return }
        switch node.layer {
        case .flatten, .dropout, .add, .scale, .input: return
        case .activation(let layer) where layer.function != .softmax: return
        default: throw unwritable("a layer \(node.layer.description.typeName) of sequences", node.name)
        }
    }

    private mutating func separableConvolution(
        _ x: String, _ layer: SeparableConvolution2D, _ index: Int, _ input: Shape, _ name: String
    ) -> String {
        let (channels, window) = (input[2] * layer.depthwise.multiplier, layer.depthwise.window)
        let mixed = convolution(
            x, transposed(values(of: index, 0), window.size.count, 1, channels), nil, window, input, channels, name,
            groups: input[2])
        return convolution(
            mixed, transposed(values(of: index, 1), 1, channels, layer.filters),
            layer.usesBias ? values(of: index, 2) : nil, Window2D(size: 1, stride: 1, padding: .valid),
            [1, 1, channels], layer.filters, name)
    }

    /// x · factors + offsets, each one number, or one a channel.
    private mutating func affine(
        _ x: String, factors: [Float], offsets: [Float], _ input: Shape, _ name: String
    ) -> String {
        let constant = { (graph: inout ONNXGraph, values: [Float], kind: String) in
            graph.constant(values, input.rank == 3 ? [values.count, 1, 1] : [values.count], kind, of: name)
        }
        let scaled = graph.add("Mul", [x, constant(&graph, factors, "factors")], of: name)
        return graph.add("Add", [scaled, constant(&graph, offsets, "offsets")], of: name)
    }

    private func unwritable(_ what: String, _ layer: String) -> NetworkError {
        NetworkError(network: network.name, layer: layer, reason: "\(what) cannot be written as ONNX")
    }

    private mutating func activation(
        _ x: String, _ function: Activation, _ owner: String
    ) throws(NetworkError) -> String {
        switch function {
        case .linear: return x
        case .relu: return graph.add("Relu", [x], of: owner)
        case .tanh: return graph.add("Tanh", [x], of: owner)
        case .sigmoid: return graph.add("Sigmoid", [x], of: owner)
        case .relu6: return clipped(x, to: 6, owner)
        case .silu: return graph.add("Mul", [x, graph.add("Sigmoid", [x], of: owner)], of: owner)
        case .softmax: return graph.add("Softmax", [x], of: owner, [("axis", .integer(1))])
        case .scaledTanh:
            let slope = graph.constant([2 / 3], [1], "slope", of: owner)
            let height = graph.constant([1.7159], [1], "height", of: owner)
            let inner = graph.add("Tanh", [graph.add("Mul", [x, slope], of: owner)], of: owner)
            return graph.add("Mul", [inner, height], of: owner)
        default: throw unwritable("activation \(function.rawValue)", owner)
        }
    }

    private mutating func clipped(_ x: String, to most: Float, _ owner: String) -> String {
        let bounds = [("least", Float(0)), ("most", most)].map { graph.constant([$1], [], $0, of: owner) }
        return graph.add("Clip", [x] + bounds, of: owner)
    }

    /// What lies beside the image is padded explicitly, so that every kind of padding is one.
    private func window(_ window: Window2D, _ input: Shape, dilates: Bool) -> [(
        name: String, value: ONNXGraph.Attribute
    )] {
        let margins = window.padding == .valid ? Margins2D.none : window.margins(of: input)
        let dilations = ("dilations", ONNXGraph.Attribute.integers([window.dilation.height, window.dilation.width]))
        return [
            ("kernel_shape", .integers([window.size.height, window.size.width])),
            ("strides", .integers([window.stride.height, window.stride.width])),
            ("pads", .integers([margins.top, margins.left, margins.bottom, margins.right])),
        ] + (dilates ? [dilations] : [])
    }

    /// `kernel` is [filters, channels of a group, height, width].
    private mutating func convolution(
        _ x: String, _ kernel: [Float], _ bias: [Float]?, _ window: Window2D, _ input: Shape, _ filters: Int,
        _ name: String, groups: Int = 1
    ) -> String {
        let kernel = graph.constant(
            kernel, [filters, input[2] / groups, window.size.height, window.size.width], "kernel", of: name)
        let bias = bias.map { [graph.constant($0, [filters], "bias", of: name)] } ?? []
        let division = groups == 1 ? [] : [(name: "group", value: ONNXGraph.Attribute.integer(groups))]
        return graph.add("Conv", [x, kernel] + bias, of: name, self.window(window, input, dilates: true) + division)
    }

    /// [height, width, channels, filters] to [filters, channels, height, width].
    private func transposed(_ kernel: [Float], _ pixels: Int, _ channels: Int, _ filters: Int) -> [Float] {
        var result = [Float](repeating: 0, count: kernel.count)
        for pixel in 0..<pixels {
            for channel in 0..<channels {
                let row = (pixel * channels + channel) * filters
                for filter in 0..<filters {
                    result[(filter * channels + channel) * pixels + pixel] = kernel[row + filter]
                }
            }
        }
        return result
    }

    /// The kernel of a whole convolution, with zeros where maps are not connected.
    private func whole(_ kernel: [Float], _ layer: PartialConvolution2D, channels: Int) -> [Float] {
        let (pixels, connections) = (layer.window.size.count, layer.connectionCount)
        var result = [Float](repeating: 0, count: layer.connections.count * channels * pixels)
        let pairs = layer.connections.enumerated().flatMap { map, seen in seen.map { (map, $0) } }
        for (connection, (map, channel)) in pairs.enumerated() {
            for pixel in 0..<pixels {
                result[(map * channels + channel) * pixels + pixel] = kernel[pixel * connections + connection]
            }
        }
        return result
    }

    private mutating func pad(_ x: String, _ pads: [Int], _ name: String) -> String {
        graph.add("Pad", [x, graph.constant(pads, "pads", of: name)], of: name)
    }

    private mutating func normalization(
        _ x: String, _ layer: BatchNormalization, _ index: Int, _ input: Shape, _ name: String
    ) -> String {
        let channels = input[input.rank - 1]
        let constants = [
            ("gamma", layer.gamma.map { values(of: index, $0) } ?? [Float](repeating: 1, count: channels)),
            ("beta", layer.beta.map { values(of: index, $0) } ?? [Float](repeating: 0, count: channels)),
            ("mean", values(of: index, layer.movingMean)), ("variance", values(of: index, layer.movingVariance)),
        ].map { graph.constant($1, [channels], $0, of: name) }
        return graph.add("BatchNormalization", [x] + constants, of: name, [("epsilon", .number(layer.epsilon))])
    }

    private mutating func subsampling(
        _ x: String, _ layer: Subsampling2D, _ index: Int, _ input: Shape, _ name: String
    ) -> String {
        let mean = graph.add("AveragePool", [x], of: name, window(layer.window, input, dilates: false))
        let pixels = Float(layer.window.size.count)
        let coefficients = values(of: index, 0).map { $0 * pixels }
        let scaled = graph.add(
            "Mul", [mean, graph.constant(coefficients, [input[2], 1, 1], "coefficient", of: name)], of: name)
        return graph.add(
            "Add", [scaled, graph.constant(values(of: index, 1), [input[2], 1, 1], "bias", of: name)], of: name)
    }

    /// Σ_j (x_j - code_ij)²
    private mutating func distances(
        _ x: String, _ layer: RadialBasis, _ index: Int, _ input: Shape, _ name: String
    ) -> String {
        let codes = graph.constant(values(of: index, 0), [layer.units, input.count], "codes", of: name)
        let row = graph.add("Unsqueeze", [x, graph.constant([1], "axis", of: name)], of: name)
        let difference = graph.add("Sub", [row, codes], of: name)
        let square = graph.add("Mul", [difference, difference], of: name)
        return graph.add(
            "ReduceSum", [square, graph.constant([2], "axis", of: name)], of: name, [("keepdims", .integer(0))])
    }
}

extension Merge {
    /// Nil where no operator takes so many inputs.
    fileprivate func onnxOperator(of inputs: Int) -> String? {
        switch kind {
        case .average: "Mean"
        case .maximum: "Max"
        case .minimum: "Min"
        case .multiply where inputs == 2: "Mul"
        case .subtract where inputs == 2: "Sub"
        case .divide where inputs == 2: "Div"
        default: nil
        }
    }
}
