import Basics

/// Attention of several heads: Vaswani et al., "Attention is all you need", 2017, as Keras's layer of this name. Each place of the
/// query gets a mean of the values of all places. In each head a value counts softmax(q · k / √keyWidth), where q, k and the values are
/// linear maps of the inputs. Last comes a linear map of the means of all heads.
///
/// Inputs are query, value and key; without the last one the values are keys, too. They are sequences, or images whose pixels are
/// places.
public struct MultiHeadAttention: RandomDescription {
    public let heads: Int
    /// Numbers of a query or key, and of a value, in each head.
    public let keyWidth: Int
    public let valueWidth: Int
    /// Channels of the output; nil for as many as the query has.
    public let channels: Int?
    public let usesBias: Bool
    /// The part of all weights that training leaves out.
    public let dropout: Float
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    public init(
        heads: Int, keyWidth: Int, valueWidth: Int? = nil, channels: Int? = nil, usesBias: Bool = true,
        dropout: Float = 0,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
    ) {
        (self.heads, self.keyWidth, self.valueWidth) = (heads, keyWidth, valueWidth ?? keyWidth)
        (self.channels, self.usesBias, self.dropout) = (channels, usesBias, dropout)
        (self.kernelInitializer, self.biasInitializer) = (kernelInitializer, biasInitializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard (2...3).contains(inputs.count), inputs.allSatisfy({ (2...3).contains($0.rank) }) else {
            throw LayerError(
                "takes a query, values and perhaps keys, which are sequences or images, not "
                    + inputs.map(\.description).listed("and"))
        }
        let (query, value, key) = (inputs[0], inputs[1], inputs[inputs.count - 1])
        guard value.extents.dropLast() == key.extents.dropLast() else {
            throw LayerError("its values \(value) and keys \(key) are not of the same places")
        }
        guard heads > 0, keyWidth > 0, valueWidth > 0, channels ?? 1 > 0 else {
            throw LayerError("needs heads, keys, values and outputs, at least one of each")
        }
        guard dropout >= 0, dropout < 1 else { throw LayerError("its dropout \(dropout) must be in 0..<1") }
        let output = Shape(query.extents.dropLast() + [channels ?? query.extents[query.rank - 1]])
        let sizes =
            [weightsShape(for: inputs), Shape(query.extents.dropLast() + [heads, keyWidth])]
            + [keyWidth, valueWidth].map { Shape(value.extents.dropLast() + [heads, $0]) }
            + parameters(for: inputs).map(\.shape)
        if let large = sizes.first(where: { !$0.isOfPossibleSize }) {
            throw LayerError("needs an array of \(large), which has more than 2^31 - 1 elements")
        }
        return output
    }

    /// Keras's order.
    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let (query, value, key) = (inputs[0], inputs[1], inputs[inputs.count - 1])
        let maps: [(name: String, kernel: [Int], bias: [Int])] = [
            ("query", [query[query.rank - 1], heads, keyWidth], [heads, keyWidth]),
            ("key", [key[key.rank - 1], heads, keyWidth], [heads, keyWidth]),
            ("value", [value[value.rank - 1], heads, valueWidth], [heads, valueWidth]),
            (
                "attention_output", [heads, valueWidth, channels ?? query[query.rank - 1]],
                [channels ?? query[query.rank - 1]]
            ),
        ]
        return maps.flatMap { map in
            [ParameterSpecification("\(map.name)/kernel", Shape(map.kernel), kernelInitializer)]
                + (usesBias ? [ParameterSpecification("\(map.name)/bias", Shape(map.bias), biasInitializer)] : [])
        }
    }

    /// [heads, places of the query, places of the values].
    package func weightsShape(for inputs: [Shape]) -> Shape {
        Shape([heads] + inputs.prefix(2).map { $0.extents.dropLast().reduce(1, *) })
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        let (query, value, key) = (inputs[0], inputs[1], inputs[inputs.count - 1])
        let weights = weightsShape(for: inputs)
        let (width, places) = (Double(heads * (keyWidth + valueWidth)), (Double(weights[1]), Double(weights[2])))
        let output = Double(heads * valueWidth) * Double(channels ?? query[query.rank - 1])
        let maps =
            Double(query.count) * Double(heads * keyWidth) + Double(key.count) * Double(heads * keyWidth)
            + Double(value.count) * Double(heads * valueWidth) + places.0 * output
        return Int(min(maps + places.0 * places.1 * width, 0x1p62))
    }

    /// Without dropout.
    public var inferring: Layer {
        .plain(
            MultiHeadAttention(
                heads: heads, keyWidth: keyWidth, valueWidth: valueWidth, channels: channels, usesBias: usesBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer))
    }

    public var typeName: String { "MultiHeadAttention" }
    public var category: String { "attention" }
}

/// What each value counts for each place of the query, by head: softmax(q · k / √width). Of queries and keys of all heads, one behind
/// the other.
package struct AttentionWeights: PlainDescription {
    package let heads: Int

    package init(heads: Int) { self.heads = heads }

    package func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        Shape([heads] + inputs.map { $0.extents.dropLast().reduce(1, *) })
    }

    package func multiplyAdds(for inputs: [Shape]) -> Int {
        inputs[0].count * inputs[1].extents.dropLast().reduce(1, *)
    }
    package var typeName: String { "AttentionWeights" }
    package var category: String { "attention" }
}

/// The sum of the values of all places by such weights, for each place of the query, whose shape this has.
package struct AttentionSum: PlainDescription {
    /// Of the query, without channels.
    package let places: [Int]

    package init(places: [Int]) { self.places = places }

    package func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        Shape(places + [inputs[1][inputs[1].rank - 1]])
    }

    package func multiplyAdds(for inputs: [Shape]) -> Int {
        inputs[0].count * inputs[1][inputs[1].rank - 1] / inputs[0][0]
    }
    package var typeName: String { "AttentionSum" }
    package var category: String { "attention" }
}
