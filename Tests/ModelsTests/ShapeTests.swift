import Basics
import Models
import ModelZoo
import Testing

/// Runs one layer on one input.
private func output(_ layer: Layer, _ input: Shape) throws -> Shape { try layer.description.outputShape(of: [input]) }

private func parameterCount(_ layer: Layer, _ input: Shape) -> Int {
    layer.description.parameters(for: [input]).reduce(0) { $0 + $1.shape.count }
}

@Suite struct ShapeTests {
    @Test func groupsOfAConvolution() throws {
        let layer = Convolution2D(filters: 6, groups: 3, kernel: 2)
        #expect(try layer.outputShape(of: [[5, 5, 9]]) == [4, 4, 6])
        #expect(parameterCount(.convolution(layer), [5, 5, 9]) == 2 * 2 * 3 * 6 + 6)
        #expect(layer.multiplyAdds(for: [[5, 5, 9]]) == 4 * 4 * 6 * (2 * 2 * 3 + 1))
        for (filters, groups) in [(6, 4), (8, 4), (8, 0), (6, -3)] {
            let error = #expect(throws: LayerError.self) {
                try Convolution2D(filters: filters, groups: groups, kernel: 1).outputShape(of: [[5, 5, 9]])
            }
            #expect(error?.description.hasSuffix("\(filters) filters into \(groups) groups") == true)
        }
    }

    @Test func smallNumbers() throws {
        #expect(parameterCount(.dense(Dense(units: 10)), [3_072]) == 30_730)
        #expect(parameterCount(.convolution(Convolution2D(filters: 10, kernel: 3)), [8, 8, 1]) == 100)
        #expect(parameterCount(.convolution(Convolution2D(filters: 6, kernel: 5)), [32, 32, 1]) == 156)
        #expect(try output(.convolution(Convolution2D(filters: 1, kernel: 3)), [39, 39, 1]) == [37, 37, 1])
        #expect(try output(.convolution(Convolution2D(filters: 10, kernel: 3)), [32, 32, 3]) == [30, 30, 10])
        #expect(try output(.convolution(Convolution2D(filters: 10, kernel: 5)), [32, 32, 3]) == [28, 28, 10])
    }

    /// (n, kernel, stride) to output size and zeros before and after: TensorFlow's `same`.
    @Test(arguments: [
        (5, 3, 1, 5, 1, 1), (5, 3, 2, 3, 1, 1), (6, 3, 2, 3, 0, 1), (224, 7, 2, 112, 2, 3), (4, 1, 2, 2, 0, 0),
        (7, 2, 2, 4, 0, 1), (3, 2, 1, 3, 0, 1), (2, 5, 1, 2, 2, 2),
    ])
    func samePadding(n: Int, kernel: Int, stride: Int, size: Int, before: Int, after: Int) throws {
        let window = Window2D(size: Extent2D(kernel), stride: Extent2D(stride), padding: .same)
        let input: Shape = [n, n, 1]
        #expect(try window.outputExtent(of: input) == Extent2D(size))
        let padding = window.margins(of: input)
        #expect([padding.top, padding.bottom, padding.left, padding.right] == [before, after, before, after])
    }

    @Test func axesAreIndependent() throws {
        let layer = Convolution2D(
            filters: 2, kernel: Extent2D(height: 1, width: 7), stride: Extent2D(height: 2, width: 1), padding: .same)
        #expect(try output(.convolution(layer), [9, 10, 4]) == [5, 10, 2])
        #expect(parameterCount(.convolution(layer), [9, 10, 4]) == 1 * 7 * 4 * 2 + 2)
        let padding = layer.window.margins(of: [9, 10, 4])
        #expect([padding.top, padding.bottom, padding.left, padding.right] == [0, 0, 3, 3])
    }

    @Test func zerosEnlargeTheImage() throws {
        let margins = Margins2D(top: 1, bottom: 2, left: 3, right: 0)
        #expect(try output(.zeroPadding(ZeroPadding2D(margins)), [5, 7, 2]) == [8, 10, 2])
        #expect(try output(.zeroPadding(ZeroPadding2D(.none)), [5, 7, 2]) == [5, 7, 2])
        #expect(throws: LayerError.self) { try output(.zeroPadding(ZeroPadding2D(margins)), [70]) }
        let negative = ZeroPadding2D(Margins2D(top: 0, bottom: 0, left: -1, right: 0))
        let error = #expect(throws: LayerError.self) { try output(.zeroPadding(negative), [5, 7, 2]) }
        #expect(error?.description.contains("((0, 0), (-1, 0))") == true)
    }

    /// (n, kernel, stride) to output size and pixels that the last window hangs over: PyTorch's ceil_mode.
    @Test(arguments: [
        (6, 3, 2, 3, 1), (7, 3, 2, 3, 0), (112, 3, 2, 56, 1), (110, 3, 2, 55, 1), (13, 3, 2, 6, 0), (5, 2, 3, 2, 0),
        (4, 2, 3, 2, 1), (3, 1, 2, 2, 0), (7, 2, 4, 2, 0), (6, 2, 5, 2, 1), (5, 1, 7, 1, 0), (8, 5, 4, 2, 1),
    ])
    func ceilingWindows(n: Int, kernel: Int, stride: Int, size: Int, over: Int) throws {
        let window = Window2D(size: Extent2D(kernel), stride: Extent2D(stride), padding: .ceil)
        #expect(try window.outputExtent(of: [n, n, 1]) == Extent2D(size))
        #expect(window.margins(of: [n, n, 1]) == Margins2D(top: 0, bottom: over, left: 0, right: over))
    }

    @Test func dilatedWindows() throws {
        let layer = Convolution2D(filters: 2, kernel: 3, dilation: Extent2D(height: 2, width: 3))
        #expect(try output(.convolution(layer), [9, 8, 4]) == [5, 2, 2])
        #expect(parameterCount(.convolution(layer), [9, 8, 4]) == 3 * 3 * 4 * 2 + 2)
        let same = Window2D(size: 3, stride: 1, dilation: 4, padding: .same)
        #expect(same.margins(of: [5, 9, 1]) == Margins2D(4))
    }

    @Test func shapesOfZooLayers() throws {
        let inputs: [Shape] = [[5, 4, 3], [5, 4, 1], [5, 4, 16]]
        #expect(try Concatenate().outputShape(of: inputs) == [5, 4, 20])
        #expect(try Concatenate().outputShape(of: [[5], [3]]) == [8])
        #expect(try AxisConcatenation(axis: 0).outputShape(of: [[5, 2], [3, 2], [1, 2]]) == [9, 2])
        #expect(try AxisConcatenation(axis: 1).outputShape(of: [[5, 2, 3], [5, 4, 3]]) == [5, 6, 3])
        #expect(try Scale(0.1).outputShape(of: [[5, 4, 3], [5, 4, 3]]) == [5, 4, 3])
        #expect(try output(.localResponseNormalization(LocalResponseNormalization()), [5, 4, 3]) == [5, 4, 3])
        #expect(try output(.upSampling(UpSampling2D(Extent2D(height: 3, width: 2))), [5, 4, 3]) == [15, 8, 3])
        #expect(try output(.identityShortcut(IdentityShortcut(filters: 8)), [5, 4, 3]) == [3, 2, 8])
        for (scale, center, count) in [(true, true, 16), (false, true, 12), (true, false, 12), (false, false, 8)] {
            let layer = BatchNormalization(usesScale: scale, usesCenter: center)
            #expect(parameterCount(.batchNormalization(layer), [5, 5, 4]) == count)
            let names = layer.parameters(for: [[5, 5, 4]]).map(\.name)
            #expect(layer.gamma.map { names[$0] } == (scale ? "gamma" : nil))
            #expect(layer.beta.map { names[$0] } == (center ? "beta" : nil))
            #expect(names[layer.movingMean] == "moving_mean" && names[layer.movingVariance] == "moving_variance")
        }
    }

    @Test(arguments: Misfit.all)
    func whatDoesNotFitIsNamed(_ misfit: Misfit) {
        let error = #expect(throws: LayerError.self) { try misfit.layer.description.outputShape(of: misfit.inputs) }
        for word in misfit.words {
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    @Test func subsamplingAndPartialConvolution() throws {
        let table = [[0], [0, 1], [1, 2]]
        let partial = PartialConvolution2D(kernel: Extent2D(height: 3, width: 2), connections: table)
        #expect(try output(.partialConvolution(partial), [5, 5, 3]) == [3, 4, 3])
        #expect(parameterCount(.partialConvolution(partial), [5, 5, 3]) == 6 * 5 + 3)
        #expect(try output(.subsampling(Subsampling2D()), [5, 4, 3]) == [2, 2, 3])
        #expect(parameterCount(.subsampling(Subsampling2D()), [5, 4, 3]) == 6)
        #expect(try output(.plain(RadialBasis(units: 7)), [20]) == [7])
        for (layer, input, reason) in [
            (Layer.partialConvolution(partial), [5, 5, 2] as Shape, "sees input map 2, but its input 5x5x2 has 2"),
            (.partialConvolution(partial), [2, 5, 3], "3x2 window is larger than its input 2x5x3"),
            (.partialConvolution(PartialConvolution2D(kernel: 1, connections: [[1, 0]])), [5, 5, 2], "[1, 0]"),
            (.partialConvolution(PartialConvolution2D(kernel: 1, connections: [[0], []])), [5, 5, 2], "map 1"),
            (.subsampling(Subsampling2D(size: 3)), [2, 5, 3], "3x3 window is larger than its input 2x5x3"),
            (.subsampling(Subsampling2D()), [12], "not 12"),
            (.plain(RadialBasis(units: 11, codes: .digits)), [84], "11 units over 84"),
            (.plain(RadialBasis(units: 10, codes: .digits)), [80], "10 units over 80"),
            (.plain(RadialBasis(units: 10)), [5, 5, 1], "not 5x5x1"),
        ] {
            let error = #expect(throws: LayerError.self) { try output(layer, input) }
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test func plainLayersRefuseWhatDoesNotFit() throws {
        let squeezed = try Merge(.multiply).outputShape(of: [[4, 5, 6], [1, 1, 6]])
        #expect(squeezed == [4, 5, 6])
        #expect(try MatrixProduct().outputShape(of: [[1, 4, 5], [3, 5, 6]]) == [3, 4, 6])
        let attention = MultiHeadAttention(heads: 2, keyWidth: 3, valueWidth: 4, channels: 7)
        let inputs: [Shape] = [[5, 6], [8, 9], [8, 10]]
        #expect(try attention.outputShape(of: inputs) == [5, 7])
        #expect(
            attention.parameters(for: inputs).map(\.shape) == [
                [6, 2, 3], [2, 3], [10, 2, 3], [2, 3], [9, 2, 4], [2, 4], [2, 4, 7], [7],
            ])
        let (causal, masked) = (AttentionMask(isCausal: true), AttentionMask(isInput: true))
        #expect(try MultiHeadAttention(heads: 2, keyWidth: 3, mask: causal).outputShape(of: inputs) == [5, 6])
        #expect(
            try MultiHeadAttention(heads: 2, keyWidth: 3, mask: masked).outputShape(of: inputs + [[1, 8]]) == [5, 6])
        #expect(try DotAttention().outputShape(of: [[5, 6], [8, 9], [8, 6]]) == [5, 9])
        #expect(attention.multiplyAdds(for: inputs) == 5 * 36 + 8 * 60 + 8 * 72 + 2 * 5 * 8 * 7 + 5 * 56)
        #expect(try output(.plain(Reshape([2, -1, 3])), [4, 3, 2]) == [2, 4, 3])
        #expect(try output(.plain(Permute([2, 0, 1])), [4, 3, 2]) == [2, 4, 3])
        let cases: [(any PlainDescription, [Shape], String)] = [
            (Merge(.multiply), [[4, 5, 6], [4, 1, 5]], "4x5x6 and 4x1x5"),
            (Merge(.maximum), [[4]], "at least two inputs"),
            (Merge(.subtract), [[4], [4], [4]], "takes two inputs, not 3"),
            (Dot(), [[4], [5]], "not 4 and 5"),
            (
                MultiHeadAttention(heads: 2, keyWidth: 3, mask: masked), [[5, 6], [8, 9], [8, 5]],
                "a mask of 8x5, which must be 5x8 or 1x8"
            ),
            (
                MultiHeadAttention(heads: 2, keyWidth: 3, mask: AttentionMask(rows: [[true], [true]])),
                [[5, 6], [1, 9]],
                "a mask of 2x1, which must be 5x1 or 1x1"
            ),
            (
                MultiHeadAttention(heads: 2, keyWidth: 3, mask: causal), [[2, 2, 6], [2, 2, 6]],
                "supported for sequences only"
            ),
            (MultiHeadAttention(heads: 2, keyWidth: 3, mask: masked), [[5, 6], [5, 6]], "takes a query"),
            (DotAttention(), [[5, 6], [8, 9]], "do not fit each other"),
            (DotAttention(), [[5, 6]], "takes a query"),
            (MatrixProduct(), [[4, 5], [4, 6]], "cannot multiply 4x5 by 4x6"),
            (MatrixProduct(transposesSecond: true), [[2, 4, 5], [3, 6, 5]], "not 2x4x5 and 3x6x5"),
            (MatrixProduct(), [[4], [4]], "not 4 and 4"),
            (MultiHeadAttention(heads: 2, keyWidth: 3), [[4, 5]], "not 4x5"),
            (MultiHeadAttention(heads: 2, keyWidth: 3), [[4, 5], [5]], "sequences or images"),
            (MultiHeadAttention(heads: 2, keyWidth: 3), [[4, 5], [6, 5], [7, 5]], "not of the same places"),
            (MultiHeadAttention(heads: 0, keyWidth: 3), [[4, 5], [4, 5]], "at least one of each"),
            (MultiHeadAttention(heads: 1, keyWidth: 3, dropout: 1), [[4, 5], [4, 5]], "0..<1"),
            (MultiHeadAttention(heads: .max, keyWidth: 3), [[4, 5], [4, 5]], "more than 2^31 - 1"),
            (MultiHeadAttention(heads: 2, keyWidth: 1), [[40_000, 1], [40_000, 1]], "array of 2x40000x40000"),
            (Reshape([5, -1]), [[4, 3, 2]], "24 elements"),
            (Reshape([-1, -1]), [[4]], "one may be -1"),
            (Reshape([0, 4]), [[4]], "positive extents"),
            (Reshape([.max, .max, .max]), [[4]], "positive extents"),
            (Reshape([1, 1, 1, 1, 1, 1, -1]), [[4]], "one to 6 positive extents"),
            (Permute([0, 0, 1]), [[4, 3, 2]], "order of axes"),
            (Cropping2D(Margins2D(1)), [[4, 3, 2, 2]], "takes vectors, sequences or images, not 4x3x2x2"),
            (AxisSoftmax(axis: 2), [[4, 3]], "axis 2"), (AxisSoftmax(axis: -1), [[4, 3]], "axis -1"),
            (AxisConcatenation(axis: 1), [[4], [4]], "axis 1"), (AxisConcatenation(axis: 0), [[4, 3]], "at least two"),
            (AxisConcatenation(axis: 0), [[4, 3], [4, 2]], "they may differ in axis 1 only"),
            (AxisConcatenation(axis: 1), [[4, 3, 2], [4, 3]], "cannot concatenate 4x3x2 and 4x3"),
            (Cropping2D(Margins2D(top: 2, bottom: 2, left: 0, right: 0)), [[4, 3, 2]], "nothing is left"),
            (Cropping2D(Margins2D(.max)), [[4, 3, 2]], "nothing is left"),
            (GlobalPooling2D(.max), [[12]], "not 12"),
            (FeatureNormalization(.groups(4)), [[3, 3, 6]], "4 groups"),
            (FeatureNormalization(.lastAxis, epsilon: 0), [[6]], "above 0"),
            (ParametricReLU(sharedAxes: [3]), [[3, 3, 6]], "axes of its input 3x3x6"),
            (RectifiedLinear(slope: -1), [[6]], "not negative"),
            (ExponentialLinear(alpha: .infinity), [[6]], "not a finite number"),
            (DepthwiseConvolution2D(kernel: 3), [[2, 5, 3]], "larger than its input 2x5x3"),
            (DepthwiseConvolution2D(kernel: 1, multiplier: 0), [[2, 5, 3]], "depth multiplier 0"),
        ]
        for (layer, inputs, reason) in cases {
            let error = #expect(throws: LayerError.self) { try layer.possibleOutputShape(of: inputs) }
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test func composedAndTransposedLayers() throws {
        let separable = SeparableConvolution2D(filters: 7, kernel: 3, stride: 2, padding: .same, multiplier: 2)
        #expect(try separable.outputShape(of: [[5, 6, 4]]) == [3, 3, 7])
        #expect(
            separable.parameters(for: [[5, 6, 4]]).map(\.name) == ["depthwise_kernel", "pointwise_kernel", "bias"])
        #expect(separable.parameters(for: [[5, 6, 4]]).map(\.shape) == [[3, 3, 4, 2], [1, 1, 8, 7], [7]])
        #expect(separable.parameters(for: [[5, 6, 4]]).map(\.isKernel) == [true, true, false])
        #expect(separable.multiplyAdds(for: [[5, 6, 4]]) == 9 * (8 * 9 + 7 * (8 + 1)))
        let transposed = TransposedConvolution2D(filters: 7, kernel: 3, stride: 2, padding: .same)
        #expect(try transposed.outputShape(of: [[5, 6, 4]]) == [10, 12, 7])
        #expect(transposed.parameters(for: [[5, 6, 4]]).map(\.shape) == [[3, 3, 7, 4], [7]])
        #expect(transposed.multiplyAdds(for: [[5, 6, 4]]) == 5 * 6 * 4 * 9 * 7 + 10 * 12 * 7)
        #expect(try Dense(units: 8).outputShape(of: [[5, 6, 4]]) == [5, 6, 8])
        #expect(Dense(units: 8).parameters(for: [[5, 6, 4]]).map(\.shape) == [[4, 8], [8]])
        #expect(Dense(units: 8).multiplyAdds(for: [[5, 6, 4]]) == 5 * 6 * 4 * 8)
        let row = Extent2D(height: 1, width: 3)
        let sequence = SequenceLayer(.convolution(Convolution2D(filters: 8, kernel: row, padding: .same)))
        #expect(try sequence.outputShape(of: [[12, 6]]) == [12, 8])
        #expect(sequence.parameters(for: [[12, 6]]).map(\.shape) == [[3, 6, 8], [8]])
        #expect(sequence.typeName == "Conv1D")
        #expect(try SequenceLayer(.globalAveragePooling(GlobalAveragePooling2D())).outputShape(of: [[12, 6]]) == [6])
    }

    @Test func composedLayersRefuseWhatDoesNotFit() throws {
        let cases: [(any LayerDescription, Shape, String)] = [
            (SeparableConvolution2D(filters: 0, kernel: 3), [5, 5, 3], "at least one filter"),
            (SeparableConvolution2D(filters: 2, kernel: 3), [2, 5, 3], "larger than its input 2x5x3"),
            (
                SeparableConvolution2D(filters: 2, kernel: 2, stride: 2, dilation: 2), [5, 5, 3],
                "cannot both be above 1"
            ),
            (SeparableConvolution2D(filters: 2, kernel: 2, multiplier: .max), [5, 5, 3], "depth multiplier"),
            (TransposedConvolution2D(filters: 0, kernel: 3), [5, 5, 3], "number of filters 0"),
            (TransposedConvolution2D(filters: 2, kernel: 0), [5, 5, 3], "must be positive"),
            (
                TransposedConvolution2D(filters: 2, kernel: 2, stride: 2, dilation: 2), [5, 5, 3],
                "cannot both be above 1"
            ),
            (TransposedConvolution2D(filters: 2, kernel: 2, stride: Extent2D(Int(Int32.max))), [5, 5, 3], "2^31 - 1"),
            (
                TransposedConvolution2D(filters: 2, kernel: 3, stride: 2, outputPadding: 2), [5, 5, 3],
                "output padding 2x2"
            ),
            (TransposedConvolution2D(filters: 2, kernel: 3, outputPadding: -1), [5, 5, 3], "output padding -1x-1"),
            (TransposedConvolution2D(filters: 2, kernel: 3), [12], "not 12"),
            (Dense(units: 8), [2, 3, 4, 5], "not 2x3x4x5"),
            (Dense(units: 0), [3, 4], "at least one unit"),
            (SequenceLayer(.convolution(Convolution2D(filters: 2, kernel: 1))), [4, 4, 3], "put a Reshape before it"),
            (SequenceLayer(.upSampling(UpSampling2D(2))), [4, 3], "2 rows"),
            (Noise(.addition(deviation: -1)), [4], "deviation -1.0"),
            (Noise(.multiplication(rate: 1)), [4], "rate 1.0"),
            (Noise(.selfNormalizing(rate: .nan)), [4], "rate nan"),
            (Noise(.channels(rate: 0.5)), [4], "not 4"),
            (Resizing(0), [4, 4, 3], "size 0x0"),
            (Resizing(Extent2D(Int(Int32.max))), [4, 4, 3], "2^31 - 1"),
            (CenterCrop(-1), [4, 4, 3], "size -1x-1"),
        ]
        for (layer, input, reason) in cases {
            let error = #expect(throws: LayerError.self) { try layer.possibleOutputShape(of: [input]) }
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test func errorsNameTheLayerAndTheShapes() throws {
        var graph = GraphBuilder("test", input: [4, 4, 1])
        _ = graph.convolution(graph.input, 2, kernel: 5, name: "too-large")
        let large = #expect(throws: NetworkError.self) { try graph.network() }
        #expect(large?.layer == "too-large")
        #expect(large?.description.contains("4x4x1") == true)

        graph = GraphBuilder("test", input: [4, 4, 1])
        _ = graph.radialBasis(graph.input, 3, name: "no-flatten")
        let codes = #expect(throws: NetworkError.self) { try graph.network() }
        #expect(codes?.description.contains("flatten") == true)

        graph = GraphBuilder("test", input: [4, 4, 1])
        let half = graph.maxPooling(graph.input)
        _ = graph.sum(graph.input, half, name: "mismatch")
        let sum = #expect(throws: NetworkError.self) { try graph.network() }
        #expect(sum?.layer == "mismatch" && sum?.reason.contains("2x2x1") == true)
    }

    @Test func namesAreUniqueAndAutomaticOnesAreKeras() throws {
        var graph = GraphBuilder("test", input: [8, 8, 1])
        var x = graph.convolution(graph.input, 1, kernel: 3)
        x = graph.convolution(x, 1, kernel: 3)
        x = graph.maxPooling(x)
        _ = graph.globalAveragePooling(x)
        #expect(
            try graph.network().nodes.map(\.name)
                == ["input_layer", "conv2d", "conv2d_1", "max_pooling2d", "global_average_pooling2d"])
        x = graph.convolution(x, 1, kernel: 1, name: "conv2d")
        let error = #expect(throws: NetworkError.self) { try graph.network() }
        #expect(error?.layer == "conv2d")
    }

    @Test func multiplyAddsOfLeNet() throws {
        // Convolutions: output pixels x (kernel x channels and the bias); dense layers: the kernel's size.
        let expected = 24 * 24 * 6 * (25 + 1) + 8 * 8 * 16 * (25 * 6 + 1) + 256 * 120 + 120 * 84 + 84 * 10
        #expect(try Zoo.model(named: "lenet5-keras").network().multiplyAdds == expected)
    }
}

/// A layer, inputs that it cannot take, and words that the error must have.
struct Misfit: Sendable {
    let layer: Layer
    let inputs: [Shape]
    let words: [String]

    init(_ layer: Layer, _ inputs: [Shape], _ words: String...) {
        (self.layer, self.inputs, self.words) = (layer, inputs, words)
    }

    static let all: [Misfit] = [
        Misfit(.concatenate(Concatenate()), [[5, 4, 3], [5, 3, 3]], "5x4x3", "5x3x3"),
        Misfit(.concatenate(Concatenate()), [[5, 4, 3], [60]], "5x4x3", "60"),
        Misfit(.concatenate(Concatenate()), [[5, 4, 3]], "at least two"),
        Misfit(.scale(Scale(0.1)), [[5, 4, 3], [5, 4, 1]], "5x4x3", "5x4x1"),
        Misfit(.scale(Scale(.nan)), [[5]], "nan"),
        Misfit(
            .localResponseNormalization(LocalResponseNormalization(size: 4)), [[5, 4, 3]], "window of 4", "odd", "5x4x3"
        ),
        Misfit(.localResponseNormalization(LocalResponseNormalization()), [[60]], "60"),
        Misfit(.localResponseNormalization(LocalResponseNormalization(k: 0)), [[5, 4, 3]], "k = 0"),
        Misfit(.upSampling(UpSampling2D(0)), [[5, 4, 3]], "0x0", "5x4x3"),
        Misfit(.identityShortcut(IdentityShortcut(filters: 2)), [[5, 4, 3]], "make 2", "5x4x3"),
        Misfit(.convolution(Convolution2D(filters: 1, kernel: 3, dilation: 2)), [[5, 4, 3]], "3x3", "5x5", "5x4x3"),
        Misfit(.convolution(Convolution2D(filters: 1, kernel: 3, stride: 2, dilation: 2)), [[9, 9, 3]], "2x2"),
        Misfit(.convolution(Convolution2D(filters: 1, kernel: 3, padding: .ceil)), [[9, 9, 3]], "padding"),
        Misfit(.pooling(Pooling2D(.max, size: 3, padding: .ceil)), [[2, 4, 3]], "3x3", "2x4x3"),
    ]
}
