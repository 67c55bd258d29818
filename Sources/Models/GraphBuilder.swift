import Basics

/// Builds a network layer by layer; layers without a name get Keras's automatic one (`conv2d`, `conv2d_1`, ...).
public struct GraphBuilder {
    /// The output of a layer.
    public struct Tensor: Sendable { let node: Int }

    public let name: String
    public let input: Tensor
    /// Which of the layers added from here on train; all, unless said otherwise.
    public var trains: @Sendable (Layer) -> Bool = { _ in true }
    private var nodes: [Node]
    private var auxiliaryOutputs: [AuxiliaryOutput] = []
    private var namesGiven: [String: Int] = [:]

    public init(_ name: String, input shape: Shape) {
        self.name = name
        nodes = [Node(name: "input_layer", layer: .input(Input(shape: shape)), inputs: [])]
        input = Tensor(node: 0)
    }

    /// One more input. All inputs come before the first layer.
    public mutating func furtherInput(_ shape: Shape, name: String) -> Tensor {
        nodes.append(Node(name: name, layer: .input(Input(shape: shape)), inputs: []))
        return Tensor(node: nodes.count - 1)
    }

    /// The network whose output is the last layer added.
    public func network() throws(NetworkError) -> Network {
        try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }

    /// Makes `x` an output that training adds to the loss with the given weight.
    public mutating func auxiliaryOutput(_ x: Tensor, weight: Float) {
        auxiliaryOutputs.append(AuxiliaryOutput(node: x.node, weight: weight))
    }

    public mutating func add(_ layer: Layer, to inputs: [Tensor], name: String? = nil) -> Tensor {
        nodes.append(
            Node(
                name: name ?? automaticName(layer), layer: layer, inputs: inputs.map(\.node),
                isTrainable: trains(layer)))
        return Tensor(node: nodes.count - 1)
    }

    /// A layer that has no method of its own.
    public mutating func plain(_ layer: any PlainDescription, _ inputs: [Tensor], name: String? = nil) -> Tensor {
        add(.plain(layer), to: inputs, name: name)
    }

    private mutating func automaticName(_ layer: Layer) -> String {
        let base = layer.description.typeName.snakeCased
        let number = namesGiven[base, default: 0]
        namesGiven[base] = number + 1
        return number == 0 ? base : "\(base)_\(number)"
    }
}

/// One method a layer, so that a model reads like its paper's table.
extension GraphBuilder {
    public mutating func dense(
        _ x: Tensor, _ units: Int, activation: Activation = .linear,
        initializer: Initializer = .glorotUniform, name: String? = nil
    ) -> Tensor {
        add(.dense(Dense(units: units, activation: activation, kernelInitializer: initializer)), to: [x], name: name)
    }

    public mutating func convolution(
        _ x: Tensor, _ filters: Int, groups: Int = 1, kernel: Extent2D, stride: Extent2D = 1, dilation: Extent2D = 1,
        padding: Padding = .valid, activation: Activation = .linear, bias: Bool = true,
        initializer: Initializer = .glorotUniform, name: String? = nil
    ) -> Tensor {
        let layer = Convolution2D(
            filters: filters, groups: groups, kernel: kernel, stride: stride, dilation: dilation, padding: padding,
            activation: activation, usesBias: bias, kernelInitializer: initializer)
        return add(.convolution(layer), to: [x], name: name)
    }

    /// `connections`: for each output map the input maps it sees.
    public mutating func partialConvolution(
        _ x: Tensor, kernel: Extent2D, connections: [[Int]], activation: Activation = .linear,
        initializer: Initializer = .glorotUniform, name: String? = nil
    ) -> Tensor {
        let layer = PartialConvolution2D(
            kernel: kernel, connections: connections, activation: activation, kernelInitializer: initializer)
        return add(.partialConvolution(layer), to: [x], name: name)
    }

    public mutating func subsampling(
        _ x: Tensor, _ size: Extent2D = 2, activation: Activation = .linear, initializer: Initializer = .ones,
        name: String? = nil
    ) -> Tensor {
        let layer = Subsampling2D(size: size, activation: activation, coefficientInitializer: initializer)
        return add(.subsampling(layer), to: [x], name: name)
    }

    public mutating func radialBasis(
        _ x: Tensor, _ units: Int, codes: Initializer = .signs, name: String? = nil
    ) -> Tensor {
        plain(RadialBasis(units: units, codes: codes), [x], name: name)
    }

    public mutating func zeroPadding(_ x: Tensor, _ margins: Margins2D, name: String? = nil) -> Tensor {
        add(.zeroPadding(ZeroPadding2D(margins)), to: [x], name: name)
    }

    public mutating func maxPooling(
        _ x: Tensor, _ size: Extent2D = 2, stride: Extent2D? = nil, padding: Padding = .valid, name: String? = nil
    ) -> Tensor {
        add(.pooling(Pooling2D(.max, size: size, stride: stride, padding: padding)), to: [x], name: name)
    }

    public mutating func averagePooling(
        _ x: Tensor, _ size: Extent2D = 2, stride: Extent2D? = nil, padding: Padding = .valid, name: String? = nil
    ) -> Tensor {
        add(.pooling(Pooling2D(.average, size: size, stride: stride, padding: padding)), to: [x], name: name)
    }

    public mutating func globalAveragePooling(_ x: Tensor, name: String? = nil) -> Tensor {
        add(.globalAveragePooling(GlobalAveragePooling2D()), to: [x], name: name)
    }

    public mutating func batchNormalization(
        _ x: Tensor, momentum: Float = 0.99, epsilon: Float = 1e-3, scale: Bool = true, center: Bool = true,
        name: String? = nil
    ) -> Tensor {
        let layer = BatchNormalization(momentum: momentum, epsilon: epsilon, usesScale: scale, usesCenter: center)
        return add(.batchNormalization(layer), to: [x], name: name)
    }

    public mutating func localResponseNormalization(
        _ x: Tensor, size: Int = 5, k: Float = 2, alpha: Float = 1e-4, beta: Float = 0.75, name: String? = nil
    ) -> Tensor {
        let layer = LocalResponseNormalization(size: size, k: k, alpha: alpha, beta: beta)
        return add(.localResponseNormalization(layer), to: [x], name: name)
    }

    public mutating func activation(_ x: Tensor, _ function: Activation, name: String? = nil) -> Tensor {
        add(.activation(ActivationLayer(function)), to: [x], name: name)
    }

    public mutating func dropout(_ x: Tensor, rate: Float, name: String? = nil) -> Tensor {
        add(.dropout(Dropout(rate: rate)), to: [x], name: name)
    }

    public mutating func flatten(_ x: Tensor, name: String? = nil) -> Tensor {
        add(.flatten(Flatten()), to: [x], name: name)
    }

    public mutating func sum(_ inputs: Tensor..., name: String? = nil) -> Tensor {
        add(.add(Add()), to: inputs, name: name)
    }

    public mutating func scale(_ x: Tensor, by factor: Float, name: String? = nil) -> Tensor {
        add(.scale(Scale(factor)), to: [x], name: name)
    }

    /// x + factor · residual
    public mutating func sum(_ x: Tensor, _ residual: Tensor, scaledBy factor: Float, name: String? = nil) -> Tensor {
        add(.scale(Scale(factor)), to: [x, residual], name: name)
    }

    public mutating func concatenation(_ inputs: [Tensor], name: String? = nil) -> Tensor {
        add(.concatenate(Concatenate()), to: inputs, name: name)
    }

    public mutating func upSampling(_ x: Tensor, _ factor: Extent2D = 2, name: String? = nil) -> Tensor {
        add(.upSampling(UpSampling2D(factor)), to: [x], name: name)
    }

    public mutating func identityShortcut(
        _ x: Tensor, _ filters: Int, stride: Extent2D = 2, name: String? = nil
    ) -> Tensor {
        add(.identityShortcut(IdentityShortcut(filters: filters, stride: stride)), to: [x], name: name)
    }
}

extension String {
    /// Keras's `to_snake_case`: `Conv2D` is `conv2d`, `MaxPooling2D` is `max_pooling2d`, `PReLU` is `p_re_lu`.
    package var snakeCased: String {
        let characters = Array(self)
        var result = ""
        for (index, character) in characters.enumerated() {
            let isBehindLowercase = index > 0 && characters[index - 1].isLowercase
            let beginsWord = index > 0 && index + 1 < characters.count && characters[index + 1].isLowercase
            if character.isUppercase, isBehindLowercase || beginsWord { result += "_" }
            result += character.lowercased()
        }
        return result
    }
}
