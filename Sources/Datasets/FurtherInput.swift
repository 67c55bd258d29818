import Basics
import HDF5Storage
import Transforms

/// What a network with several inputs asks of a data file for one of them.
public struct InputDemand: Sendable, Equatable {
    /// The input's name, under which its samples are looked for: `/train/age`, `/validation/age`.
    public let name: String
    /// Where the training samples lie, if a person said it. Those of other splits then have the last part of this name.
    public let path: String?
    /// Of a sample; nil where no network is known.
    public let shape: Shape?
    /// Whether its samples are those that are decoded, resized and augmented.
    public let isMain: Bool
    /// Whether layers of the network scale what comes in.
    public let isPrepared: Bool

    public init(name: String, path: String?, shape: Shape? = nil, isMain: Bool, isPrepared: Bool = false) {
        (self.name, self.path, self.shape) = (name, path, shape)
        (self.isMain, self.isPrepared) = (isMain, isPrepared)
    }

    /// What the data set of a split is called.
    var word: String { DatasetPath.word(path ?? name) }

    /// The order of an array's axes, where only one gives samples of the input's shape.
    func order(of dataset: Dataset) -> ChannelOrder? {
        let stored = Array(dataset.shape.extents.dropFirst())
        guard let shape, shape.rank == 3, stored.count == 3 else { return nil }
        let channelsFirst: (ChannelOrder, [Int]) = dataset.isOfMATLAB ? (.ncwh, [2, 1, 0]) : (.nchw, [1, 2, 0])
        let orders: [(ChannelOrder, [Int])] = [(.nhwc, [0, 1, 2]), channelsFirst]
        let fitting = orders.filter { $0.1.map { stored[$0] } == shape.extents }
        return fitting.count == 1 ? fitting[0].0 : nil
    }
}

extension DatasetOptions {
    /// Where no network says which input is the main one, it is the first whose samples are images.
    func choosingMain(in file: HDF5File) throws -> DatasetOptions {
        guard inputs.count > 1, inputs.allSatisfy({ $0.shape == nil }) else { return self }
        let images = inputs.firstIndex { input in
            guard let path = input.path, let dataset = try? DatasetPath(path).dataset(in: file) else { return false }
            return dataset.shape.rank > 2 || EncodedImages.areBytes(dataset, in: file)
        }
        var options = self
        options.inputs = inputs.enumerated().map {
            InputDemand(name: $1.name, path: $1.path, isMain: $0 == images ?? 0, isPrepared: $1.isPrepared)
        }
        return options
    }
}

/// Samples of an input besides the main one: of the same rows, stored as the file has them.
public struct FurtherInput: Sendable {
    public let name: String
    public internal(set) var source: SampleSource
    /// Whether layers of the network scale what comes in.
    let isPrepared: Bool
    /// Whether its numbers are stored as those of the main input are: as bytes, as other integers, or as floats.
    let isStoredLikeMain: Bool

    /// How samples become inputs, if those of the main input do so by `rule`. Images like those follow it, where it fits their size.
    public func normalization(like rule: Normalization, of main: SampleSpecification) -> Normalization {
        if isPrepared { return .unchanged }
        let isAlike = main.isImage && specification.isImage && main.shape[2] == specification.shape[2]
        let follows =
            isAlike && isStoredLikeMain && main.form == source.form && Normalizer(rule, sample: source.sample) != nil
        return follows ? rule : .standard(for: source.form)
    }

    /// Its samples as they are stored.
    public var specification: SampleSpecification { SampleSpecification(shape: source.sample, form: source.form) }
}

extension FurtherInput {
    /// The same input, read from elsewhere.
    func reading(_ source: SampleSource) -> FurtherInput {
        FurtherInput(name: name, source: source, isPrepared: isPrepared, isStoredLikeMain: isStoredLikeMain)
    }

    /// `main` is the source of the main input.
    init(_ demand: InputDemand, _ source: SampleSource, like main: SampleSource) throws {
        let rows = main.parts.rows
        guard source.parts.rows == rows else {
            throw DatasetError(
                file: source.file, object: source.dataset.path,
                "it has \(source.parts.rows) rows, but the main input has \(rows)",
                remedy: "store a row of each input for every sample")
        }
        self.init(
            name: demand.name, source: source, isPrepared: demand.isPrepared,
            isStoredLikeMain: source.form == main.form && source.holdsWideIntegers == main.holdsWideIntegers)
    }
}

extension SampleSource {
    /// Encoded images of a further input, which are cropped in their middle to its size.
    init(_ images: EncodedImages, for demand: InputDemand) throws {
        guard let shape = demand.shape, shape.rank == 3, [1, 3].contains(shape[2]) else {
            throw DatasetError(
                file: images.bytes.location.file, object: images.bytes.path,
                "these are images, and the input \(demand.name) takes "
                    + (demand.shape.map { "samples of \($0)" } ?? "samples of a shape that only the model knows"))
        }
        try self.init(images, channels: shape[2])
        let crop = CenterCrop(
            height: shape[0], width: shape[1], fraction: CenterCrop.usualFraction, filter: .bilinear)
        decoding = ImageDecoding(crop, channels: shape[2])
    }
}

extension SampleSet {
    /// Those of all inputs, the main one first.
    package var sources: [SampleSource] { [source] + further.map(\.source) }

    /// The same samples without those of further inputs.
    package var ofMainInput: SampleSet {
        var samples = self
        samples.further = []
        return samples
    }

    /// The same rows as samples of a further input.
    package func ofInput(_ input: FurtherInput) -> SampleSet {
        var samples = self
        (samples.source, samples.further) = (input.source, [])
        return samples
    }
}
