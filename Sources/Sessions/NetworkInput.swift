import Basics
import Datasets
import Models
import ModelZoo
import Options
import Transforms

/// The samples that a network takes, as far as they are known before the network is: images are decoded or resized to
/// this size.
package struct NetworkInput {
    /// [H, W, C] or [F].
    let shape: Shape
    /// Whether the network can take as many channels as the images have.
    let takesAnyChannels: Bool
    /// Whether the network would take images of another size too.
    let takesAnySize: Bool

    /// Of a network that is what it is.
    package init(_ network: Network) { self.init(shape: network.inputShape) }

    /// Of a size alone, without a network.
    package init(_ size: InputSize) {
        self.init(shape: size.shape(like: [1, 1, 3]), takesAnyChannels: size.extents.count < 3)
    }

    /// Of samples of a shape.
    package init(shape: Shape, takesAnyChannels: Bool = false, takesAnySize: Bool = false) {
        (self.shape, self.takesAnyChannels, self.takesAnySize) = (shape, takesAnyChannels, takesAnySize)
    }

    /// Of a network that takes the samples as they are.
    fileprivate init(ofAnySize shape: Shape) { self.init(shape: shape, takesAnyChannels: true, takesAnySize: true) }

    /// Of the model that the options name, else of the resumed run's. A model of the zoo has its usual input size, if no
    /// option says another. Nil without a model.
    package init?(_ options: TrainingOptions, _ model: NamedModel?, resumed: Network?) {
        switch model {
        case .zoo(let model):
            self.init(
                shape: options.inputSize?.shape(like: model.input) ?? model.input,
                takesAnyChannels: options.inputSize == nil, takesAnySize: options.inputSize == nil)
        case .file(let file): self.init(file.network)
        case nil:
            guard let resumed else { return nil }
            self.init(resumed)
        }
    }
}

extension TrainingOptions {
    /// Encoded images decoded to what the network takes. Other images are resized to it only if the options ask for it, by
    /// `--crop-fraction` or by a crop that `--augment` begins with. `input` is called only where it is needed.
    package func fitted(_ dataset: SampleSet, to input: () throws -> NetworkInput?) throws -> SampleSet {
        let crop = augment?.crop.first
        var isResized = dataset.isEncoded || cropFraction != nil
        guard isResized || crop != nil || sizeSchedule != nil else { return dataset }
        func error(_ detail: String) -> OptionError {
            OptionError(
                dataset.isEncoded
                    ? "data"
                    : cropFraction != nil ? "crop-fraction" : sizeSchedule != nil ? "size-schedule" : "augment",
                "\(dataset.file): \(dataset.source.dataset.path): \(detail)")
        }
        let needed = try input()
        guard let input = needed ?? (isResized ? nil : NetworkInput(ofAnySize: dataset.sample)) else { return dataset }
        let changesSize = sizeSchedule != nil && !isResized && !input.takesAnySize && input.shape != dataset.sample
        guard isResized || crop != nil || changesSize else { return dataset }
        isResized = isResized || changesSize
        guard input.shape.rank == 3 else {
            throw error("these are images, and the network takes \(input.shape[0]) features")
        }
        guard dataset.isEncoded || (dataset.source.form == .bytes && dataset.sample.rank == 3) else {
            throw error("only images of bytes are resized, and these are \(dataset.specification)")
        }
        let usual = dataset.sample[2]
        let channels = input.takesAnyChannels || !dataset.isEncoded ? usual : input.shape[2]
        guard [1, 3].contains(channels) else {
            throw error("images become grey or coloured, and the network takes \(channels) channels")
        }
        let size = isResized || !input.takesAnySize ? input.shape : dataset.sample
        let isWhole = changesSize || !isResized && size == dataset.sample
        let center = CenterCrop(
            height: size[0], width: size[1], fraction: cropFraction ?? (isWhole ? 1 : CenterCrop.usualFraction),
            filter: interpolation ?? .bilinear)
        let plan = try crop?.plan(for: center.size, evaluation: center) ?? center
        return dataset.decoded(ImageDecoding(plan, channels: channels))
    }

    /// What becomes of training samples once they are decoded.
    package var sampleTransforms: [any SampleTransform] { augment?.crop.rest.transforms ?? [] }

    /// The same for samples that are evaluated or predicted from.
    package var evaluationTransforms: [any SampleTransform] { augment?.crop.rest.inEvaluation ?? [] }
}
