import Basics
import DataPipeline
import Datasets
import Options
import Transforms

/// Several views of each sample, of which predictions are averaged.
public enum TestTimeAugmentation: String, NamedOptionValue {
    /// The sample and its mirror image.
    case flip
    /// The sample, which counts twice, the sample moved by a pixel to the upper left and to the lower right, and their mirror
    /// images: Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024.
    case multiCrop = "multi-crop"
    /// The corners and the middle of the image, and their mirror images: Krizhevsky et al., "ImageNet classification with deep
    /// convolutional neural networks", 2012.
    case tenCrop = "ten-crop"
    /// The middle of the image in three sizes, and their mirror images: Simonyan and Zisserman, "Very deep convolutional
    /// networks", 2014.
    case multiScale = "multi-scale"

    /// One way to look at a sample.
    struct View {
        /// Nil as evaluation looks at it.
        var crop: (any CropPlan)?
        var shift: PixelShift?
        var isMirrored = false
        /// How much it counts in the mean, against others.
        var weight: Float = 1
    }

    /// What is kept of an image that is resized for ten crops, where nothing else says so.
    private static let margin = CenterCrop.usualFraction
    private static let scales = [1, 0.875, 0.75]

    /// Views of samples that are `center` of their images; nil for samples that are images as they are.
    func views(_ center: CenterCrop) -> [View] {
        let views: [View] =
            switch self {
            case .flip: [View()]
            case .multiCrop:
                [View(weight: 2)] + [-1, 1].map { View(shift: PixelShift(x: $0, y: $0)) }
            case .tenCrop:
                CornerCrop.all(of: center.fraction < 1 ? center : center.with(fraction: Self.margin)).map {
                    View(crop: $0)
                }
            case .multiScale: Self.scales.map { View(crop: center.with(fraction: $0)) }
            }
        return views.flatMap { view in
            var mirrored = view
            mirrored.isMirrored = true
            return [view, mirrored]
        }
    }

    /// Whether it looks at parts of an image, or at another size of it.
    private var resizes: Bool { self == .tenCrop || self == .multiScale }
}

extension TestTimeAugmentation {
    /// The same samples through each view, and how much it counts. `source` is how evaluation goes through them.
    func sources(
        _ source: BatchSource, _ options: TrainingOptions
    ) throws -> [(samples: BatchSource, weight: Float)] {
        let dataset = source.dataset
        let shape = dataset.sample
        guard shape.rank == 3 else {
            throw OptionError("test-time-augmentation", "\(dataset.file): its samples are features, not images")
        }
        guard !resizes || (dataset.source.form == .bytes && [1, 3].contains(shape[2])) else {
            throw OptionError(
                "test-time-augmentation",
                "\(rawValue) resizes images of bytes, grey or coloured; use flip or multi-crop for these")
        }
        let center =
            dataset.source.decoding?.plan as? CenterCrop
            ?? CenterCrop(height: shape[0], width: shape[1], fraction: 1, filter: options.interpolation ?? .bilinear)
        let mirror = try AugmentationList(parsing: "flip(1)", option: "test-time-augmentation").transforms
        return try views(center).map { view in
            let seen = view.crop.map { dataset.decoded(ImageDecoding($0, channels: shape[2])) } ?? dataset
            let shift: [any SampleTransform] = view.shift.map { [$0] } ?? []
            let transforms = shift + (view.isMirrored ? mirror : []) + options.evaluationTransforms
            let chain = try TransformChain(transforms, of: seen, seed: options.seed)
            var result = BatchSource(
                seen, try InputPipeline(chain, source.input.normalizer.rule, further: seen.further),
                batch: options.batchSize,
                shards: options.shards)
            result.readers = source.readers
            return (result, view.weight)
        }
    }
}
