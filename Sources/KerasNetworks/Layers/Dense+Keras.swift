import Basics
import KerasCalls
import Models

extension Dense: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            units: try options.integer("units"), activation: try options.activation(),
            usesBias: try options.flag("use_bias", default: true),
            kernelInitializer: try options.initializer("kernel_initializer"))
        options.initializer("bias_initializer", usual: .zeros)
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "units": .integer(units), "activation": activation.keras, "use_bias": .bool(usesBias),
            "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "kernel_regularizer": nil, "bias_regularizer": nil, "kernel_constraint": nil, "bias_constraint": nil,
        ]
    }
}

extension Dense {
    /// `EinsumDense` where it maps the last axis alone: `abc,cd->abd`, with a bias for each new element or none. Goes home as it came.
    init(einsum options: inout KerasOptions) throws(LayerError) {
        options.keepClass(
            "equation", "output_shape", "bias_axes", "activation", "kernel_initializer", "bias_initializer")
        let equation = try options.word("equation")
        let bias = try options.optionalText("bias_axes")
        let input = options.inputs.first?.extents ?? []
        let rank = input.count
        let only = try options.single("output_shape")
        let sizes = try only == nil ? options.shape("output_shape") : [only]
        guard let units = sizes.last ?? nil, sizes.count == 1 || sizes.count == rank,
            zip(sizes.dropLast(), input).allSatisfy({ $0 == nil || $0 == $1 }),
            Self.isOfLastAxis(equation, rank: rank), bias == nil || bias == equation.last.map({ String($0) })
        else {
            throw LayerError(
                "its option equation = \(equation) is not supported: it must map the last axis alone, such as "
                    + "abc,cd->abd with bias_axes = d and an output_shape of the input's other sizes")
        }
        self.init(
            units: units, activation: try options.activation(), usesBias: bias != nil,
            kernelInitializer: try options.initializer("kernel_initializer"))
        options.initializer("bias_initializer", usual: .zeros)
    }

    /// Whether letters for axes, of which that of the batch is the first, or `...` for all but the last, name a product with a matrix.
    private static func isOfLastAxis(_ equation: String, rank: Int) -> Bool {
        let sides = equation.filter { $0 != " " }.replacing("->", with: ",").split(
            separator: ",", omittingEmptySubsequences: false)
        guard sides.count == 3 else { return false }
        let (input, kernel, output) = (Array(sides[0]), Array(sides[1]), Array(sides[2]))
        guard kernel.count == 2, kernel[0] != kernel[1], input.last == kernel[0], output.last == kernel[1],
            input.dropLast() == output.dropLast()
        else { return false }
        let others = input.dropLast()
        return String(others) == "..."
            || others.count == rank && Set(others).count == rank && !others.contains(where: kernel.contains)
                && input.allSatisfy(\.isLetter) && kernel[1].isLetter
    }
}

extension Flatten: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] { ["data_format": "channels_last"] }
}

extension RadialBasis: PlainKerasLayer {
    static let kerasClasses = ["RadialBasis"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(units: try options.integer("units"), codes: try options.initializer("codes"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        ["units": .integer(units), "codes": codes.kerasConfiguration["class_name"] ?? nil]
    }
}
