import Basics

/// Attention of several heads: Vaswani et al., "Attention is all you need", 2017, as Keras's layer of this name. Each place of the
/// query gets a mean of the values of all places. In each head a value counts softmax(q · k / √keyWidth), where q, k and the values are
/// linear maps of the inputs. Last comes a linear map of the means of all heads.
///
/// Inputs are query, value and key; without the last one the values are keys, too. They are sequences, or images whose pixels are
/// places. A mask that is one of the inputs comes last.
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
    /// Which values count, in this call of the layer.
    public let mask: AttentionMask
    /// Whether a place for which no value counts has no weights at all, in evaluation too: Keras 3 computes so in layers with dropout.
    package let zeroesExcluded: Bool
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    public init(
        heads: Int, keyWidth: Int, valueWidth: Int? = nil, channels: Int? = nil, usesBias: Bool = true,
        dropout: Float = 0, mask: AttentionMask = AttentionMask(),
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
    ) {
        self.init(
            heads: heads, keyWidth: keyWidth, valueWidth: valueWidth, channels: channels, usesBias: usesBias,
            dropout: dropout, mask: mask, zeroesExcluded: dropout > 0, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer)
    }

    private init(
        heads: Int, keyWidth: Int, valueWidth: Int?, channels: Int?, usesBias: Bool, dropout: Float,
        mask: AttentionMask, zeroesExcluded: Bool, kernelInitializer: Initializer, biasInitializer: Initializer
    ) {
        self.zeroesExcluded = zeroesExcluded
        (self.heads, self.keyWidth, self.valueWidth) = (heads, keyWidth, valueWidth ?? keyWidth)
        (self.channels, self.usesBias, self.dropout, self.mask) = (channels, usesBias, dropout, mask)
        (self.kernelInitializer, self.biasInitializer) = (kernelInitializer, biasInitializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let tensors = inputs.dropLast(mask.isInput ? 1 : 0)
        guard (2...3).contains(tensors.count), tensors.allSatisfy({ (2...3).contains($0.rank) }) else {
            throw LayerError(
                "takes a query, values and perhaps keys, which are sequences or images, not "
                    + inputs.map(\.description).listed("and"))
        }
        let (query, value, key) = roles(of: inputs)
        try mask.require(query, value, given: mask.isInput ? inputs[inputs.count - 1] : nil)
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

    /// Where the keys are among the inputs.
    package func keyPlace(among count: Int) -> Int { count - (mask.isInput ? 2 : 1) }

    private func roles(of inputs: [Shape]) -> (query: Shape, value: Shape, key: Shape) {
        (inputs[0], inputs[1], inputs[keyPlace(among: inputs.count)])
    }

    /// Keras's order.
    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let (query, value, key) = roles(of: inputs)
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
        let (query, value, key) = roles(of: inputs)
        let weights = weightsShape(for: inputs)
        let (width, places) = (Double(heads * (keyWidth + valueWidth)), (Double(weights[1]), Double(weights[2])))
        let output = Double(heads * valueWidth) * Double(channels ?? query[query.rank - 1])
        let maps =
            Double(query.count) * Double(heads * keyWidth) + Double(key.count) * Double(heads * keyWidth)
            + Double(value.count) * Double(heads * valueWidth) + places.0 * output
        return Int(min(maps + places.0 * places.1 * width, 0x1p62))
    }

    /// Without dropout.
    public var inferring: Layer { .plain(with(dropout: 0, mask: mask)) }

    public var uncalled: any PlainDescription { with(dropout: dropout, mask: AttentionMask()) }

    private func with(dropout: Float, mask: AttentionMask) -> MultiHeadAttention {
        MultiHeadAttention(
            heads: heads, keyWidth: keyWidth, valueWidth: valueWidth, channels: channels, usesBias: usesBias,
            dropout: dropout, mask: mask, zeroesExcluded: zeroesExcluded, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer)
    }

    public var typeName: String { "MultiHeadAttention" }
    public var category: String { "attention" }
}

/// Attention without weights: Luong et al., "Effective approaches to attention-based neural machine translation", 2015, as Keras's
/// layer `Attention`. A value counts softmax(q · k). Inputs are query, values and perhaps keys, which are sequences.
public struct DotAttention: RandomDescription {
    /// The part of all weights that training leaves out.
    public let dropout: Float
    /// Whether this call leaves out the values behind each place.
    public let isCausal: Bool

    public init(dropout: Float = 0, isCausal: Bool = false) { (self.dropout, self.isCausal) = (dropout, isCausal) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard (2...3).contains(inputs.count), inputs.allSatisfy({ $0.rank == 2 }) else {
            throw LayerError(
                "takes a query, values and perhaps keys, which are sequences, not "
                    + inputs.map(\.description).listed("and"))
        }
        let (query, value, key) = (inputs[0], inputs[1], inputs[inputs.count - 1])
        guard value[0] == key[0], query[1] == key[1] else {
            throw LayerError("its query \(query), values \(value) and keys \(key) do not fit each other")
        }
        guard dropout >= 0, dropout < 1 else { throw LayerError("its dropout \(dropout) must be in 0..<1") }
        let weights = Shape([query[0], value[0]])
        guard weights.isOfPossibleSize else {
            throw LayerError("needs an array of \(weights), which has more than 2^31 - 1 elements")
        }
        return [query[0], value[1]]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        let (places, width) = (Double(inputs[0][0]) * Double(inputs[1][0]), Double(inputs[0][1]) + Double(inputs[1][1]))
        return Int(min(places * width, 0x1p62))
    }

    /// Without dropout.
    public var inferring: Layer { .plain(DotAttention(isCausal: isCausal)) }
    public var uncalled: any PlainDescription { DotAttention(dropout: dropout) }

    public var typeName: String { "Attention" }
    public var category: String { "attention" }
}

/// What each value counts for each place of the query, by head: softmax(scale q · k), over the values that the mask lets count. Of
/// queries and keys of all heads, one behind the other, and a mask if it is an input.
package struct AttentionWeights: PlainDescription {
    package let heads: Int
    package let scale: Float
    package let mask: AttentionMask
    /// Whether nothing counts for a place for which the mask excludes all values, not all alike.
    package let zeroesExcluded: Bool

    package init(heads: Int, scale: Float, mask: AttentionMask, zeroesExcluded: Bool) {
        (self.heads, self.scale, self.mask, self.zeroesExcluded) = (heads, scale, mask, zeroesExcluded)
    }

    package func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        Shape([heads] + inputs.prefix(2).map { $0.extents.dropLast().reduce(1, *) })
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
