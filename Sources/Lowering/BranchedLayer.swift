import Basics
import Models

/// A layer that engines compute as several others, some of which read several of them.
protocol BranchedLayer: LayerDescription {
    /// What computes the layer for inputs as engines see them: each part after those it reads, the last one's result is the layer's.
    func parts(for inputs: [Shape]) -> [LayerPart]
}

/// A part of a branched layer.
struct LayerPart {
    enum Source: Equatable {
        /// An input of the layer.
        case input(Int)
        /// The result of another part.
        case part(Int)
    }

    let layer: Layer
    let sources: [Source]
    /// Places among the parameters of the whole layer.
    let parameters: Range<Int>
}

extension MultiHeadAttention: BranchedLayer {
    /// Linear maps are convolutions of 1x1, so that engines compute them at their speed. The heads lie one behind the other in the
    /// channels.
    func parts(for inputs: [Shape]) -> [LayerPart] {
        let own = usesBias ? 2 : 1
        func map(_ number: Int, _ source: LayerPart.Source, to channels: Int) -> LayerPart {
            let convolution = Convolution2D(filters: channels, kernel: 1, usesBias: usesBias)
            return LayerPart(
                layer: .convolution(convolution), sources: [source], parameters: number * own..<(number + 1) * own)
        }
        func plain(_ layer: Layer, _ sources: [LayerPart.Source]) -> LayerPart {
            LayerPart(layer: layer, sources: sources, parameters: 0..<0)
        }
        var parts = [
            map(0, .input(0), to: heads * keyWidth),
            map(1, .input(keyPlace(among: inputs.count)), to: heads * keyWidth),
            map(2, .input(1), to: heads * valueWidth),
            plain(
                .plain(
                    AttentionWeights(
                        heads: heads, scale: 1 / Float(keyWidth).squareRoot(), mask: mask,
                        zeroesExcluded: zeroesExcluded)),
                [.part(0), .part(1)] + (mask.isInput ? [.input(inputs.count - 1)] : [])),
        ]
        if dropout > 0 { parts.append(plain(.dropout(Dropout(rate: dropout)), [.part(3)])) }
        let places = Array(inputs[0].extents.dropLast())
        parts.append(plain(.plain(AttentionSum(places: places)), [.part(parts.count - 1), .part(2)]))
        let channels = channels ?? inputs[0][inputs[0].rank - 1]
        return parts + [map(3, .part(parts.count - 1), to: channels)]
    }
}

extension DotAttention: BranchedLayer {
    func parts(for inputs: [Shape]) -> [LayerPart] {
        let weights = AttentionWeights(
            heads: 1, scale: 1, mask: AttentionMask(isCausal: isCausal), zeroesExcluded: false)
        var parts = [
            LayerPart(layer: .plain(weights), sources: [.input(0), .input(inputs.count - 1)], parameters: 0..<0)
        ]
        if dropout > 0 {
            parts.append(LayerPart(layer: .dropout(Dropout(rate: dropout)), sources: [.part(0)], parameters: 0..<0))
        }
        let sum = AttentionSum(places: Array(inputs[0].extents.dropLast()))
        return parts + [
            LayerPart(layer: .plain(sum), sources: [.part(parts.count - 1), .input(1)], parameters: 0..<0)
        ]
    }
}
