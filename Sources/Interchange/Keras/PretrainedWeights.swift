import Models

/// How samples must be prepared for the weights of a file, as far as the file shows it.
public struct PretrainedWeights: Sendable, Equatable {
    /// In words that "values that are ..." follows: `pretrained weights of PyTorch take`.
    public let taker: String
    /// In the words of `--normalization`, for a network that does not prepare samples itself.
    public let normalization: String
    /// Whether the file is as they are published: with ImageNet's classes, or without a classifier. Names tell the network, not who
    /// trained it; a file with other classes was trained by someone who may have prepared images in another way.
    public private(set) var isAsPublished = false

    /// Networks of keras.applications, each by a layer that no other has, and the mode of its `preprocess_input`. Sources:
    /// keras/src/applications/*.py.
    private static let known: [(layer: String, owner: String, normalization: String)] = [
        ("block14_sepconv2", "Xception", "tf"), ("block5_conv3", "VGG", "caffe"), ("pool2_bn", "DenseNet", "torch"),
        ("conv2_block1_preact_bn", "ResNet v2", "tf"), ("conv2_block1_0_conv", "ResNet", "caffe"),
        ("conv_7b", "InceptionResNetV2", "tf"), ("conv_pw_13", "MobileNet", "tf"),
        ("expanded_conv_project", "MobileNetV2", "tf"), ("block1a_dwconv", "EfficientNet", "torch"),
        ("stem_bn1", "NASNet", "tf"), ("convnext_tiny_stem_conv", "ConvNeXtTiny", "torch"),
    ]

    /// InceptionV3's layers have no names of their own, but they are many.
    private static let inceptionConvolutions = 94

    /// Nil where the names of a file's layers are nobody's.
    package init?(layers names: [String]) {
        let all = Set(names)
        if let found = Self.known.first(where: { all.contains($0.layer) }) {
            self.init(of: "keras.applications' \(found.owner)", normalization: found.normalization)
            return
        }
        let isAutomatic = { (name: String) in name.hasPrefix("conv2d") && !name.hasPrefix("conv2d_transpose") }
        guard names.filter(isAutomatic).count == Self.inceptionConvolutions else { return nil }
        self.init(of: "keras.applications' InceptionV3", normalization: "tf")
    }

    init(of owner: String, normalization: String) {
        (taker, self.normalization) = ("pretrained weights of \(owner) take", normalization)
    }

    fileprivate func published(_ isAsPublished: Bool) -> PretrainedWeights {
        var result = self
        result.isAsPublished = isAsPublished
        return result
    }

    /// Of a checkpoint.
    init(trainedOn normalization: String) { (taker, self.normalization) = ("its run took", normalization) }
}

extension KerasWeightsFile {
    /// Nil where the file shows nothing of it.
    public var pretrained: PretrainedWeights? {
        if let trainedOn { return PretrainedWeights(trainedOn: trainedOn) }
        let found =
            form == .pyTorch
            ? PretrainedWeights(of: "PyTorch", normalization: "torch") : PretrainedWeights(layers: layers.map(\.name))
        return found?.published(classes == nil || classes == Self.classesOfImageNet)
    }

    private static let classesOfImageNet = 1000

    /// Of the last dense layer, or of the convolution that is MobileNet's; nil without a classifier.
    private var classes: Int? {
        let kernels = layers.compactMap { layer in
            layer.weights.first.flatMap { $0.shape.rank == 2 || layer.name == "conv_preds" ? $0.shape : nil }
        }
        return kernels.last.map { $0[$0.rank - 1] }
    }
}
