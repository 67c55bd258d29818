import Basics
import Models

/// A layer in plain loops, as Keras's files have it.
protocol PlainKerasLayer: KerasLayer, PlainDescription {
    /// The classes that it is read from.
    static var kerasClasses: [String] { get }
    init(keras options: inout KerasOptions) throws(LayerError)
}

extension Layer {
    /// All there are. A new one is a line here.
    static let plainLayers: [any PlainKerasLayer.Type] = [
        RadialBasis.self, RectifiedLinear.self, ExponentialLinear.self, ParametricReLU.self, Merge.self, Dot.self,
        Reshape.self, Permute.self, Cropping2D.self, GlobalPooling2D.self, FeatureNormalization.self,
        UnitNormalization.self, RootMeanSquareNormalization.self, RepeatVector.self,
        DepthwiseConvolution2D.self, SeparableConvolution2D.self, TransposedConvolution2D.self,
        SequenceLayer.self, Noise.self, Rescaling.self, Standardization.self, Resizing.self, CenterCrop.self,
        InterpolatedUpSampling2D.self, RandomFlip.self, RandomAffine.self, RandomTone.self, RandomCrop.self,
        ChannelScale.self, ScalarOperation.self, Reduction.self, Slice.self, Roll.self, Stack.self,
        AxisConcatenation.self, AxisSoftmax.self, MatrixProduct.self,
        MultiHeadAttention.self, DotAttention.self, Embedding.self,
    ]
}
