import Basics
import Models

/// A layer that engines compute as other layers, one after the other.
protocol ComposedLayer: LayerDescription {
    /// What computes the layer for an input as engines see it; nil where engines know the layer itself. The last stage takes the
    /// layer's activation, so that stages have none.
    func stages(for input: Shape) -> [Stage]?
}

/// A part of a composed layer.
struct Stage {
    let layer: Layer
    /// Places among the parameters of the whole layer.
    let parameters: Range<Int>

    init(_ layer: Layer, parameters: Range<Int>) { (self.layer, self.parameters) = (layer, parameters) }

    /// For inputs that the whole layer accepts.
    func outputShape(of input: Shape) -> Shape { (try? layer.description.outputShape(of: [input])) ?? input }
}

extension Shape {
    /// As engines see a sample: a sequence is an image of one row.
    var ofEngines: Shape { rank == 2 ? SequenceLayer.image(of: self) : self }
}

extension Dense: ComposedLayer {
    /// On each pixel of an image it is a convolution of 1x1.
    func stages(for input: Shape) -> [Stage]? {
        guard input.rank == 3 else { return nil }
        let convolution = Convolution2D(
            filters: units, kernel: 1, usesBias: usesBias, kernelInitializer: kernelInitializer)
        return [Stage(.convolution(convolution), parameters: 0..<(usesBias ? 2 : 1))]
    }
}

extension SeparableConvolution2D: ComposedLayer {
    func stages(for input: Shape) -> [Stage]? {
        [
            Stage(.plain(depthwise), parameters: 0..<1),
            Stage(.convolution(pointwise), parameters: 1..<(usesBias ? 3 : 2)),
        ]
    }
}

extension RepeatVector: ComposedLayer {
    /// A pixel of the vector's channels that is made wider.
    func stages(for input: Shape) -> [Stage]? {
        [
            Stage(.plain(Reshape([1, 1, input.count])), parameters: 0..<0),
            Stage(.upSampling(UpSampling2D(Extent2D(height: 1, width: count))), parameters: 0..<0),
        ]
    }
}

extension SequenceLayer: ComposedLayer {
    func stages(for input: Shape) -> [Stage]? {
        let padding = zeros == .none ? [] : [Stage(.zeroPadding(ZeroPadding2D(zeros)), parameters: 0..<0)]
        if let composed = image.description as? any ComposedLayer, let stages = composed.stages(for: input) {
            return padding + stages
        }
        return padding + [Stage(image, parameters: 0..<image.description.parameters(for: [input]).count)]
    }
}
