import HDF5Storage
import Basics
import Transforms

/// The array of a split's samples, understood: what a sample is and how its bytes are got.
public struct SampleSource: Sendable {
    /// How samples are read, which also decides how they are shuffled.
    public enum Access: Sendable, Equatable {
        /// Each sample alone, at its place in the file; `offset` is the byte where sample 0 begins.
        case direct(offset: UInt64)
        /// Each sample alone, through HDF5, which converts it.
        case byRow
        /// In bands of so many samples, as the chunks lie.
        case chunked(rows: Int)

        /// How part files, or several inputs, are read together.
        func joined(with other: Access) -> Access {
            switch (self, other) {
            case (.chunked(let mine), .chunked(let others)): .chunked(rows: max(mine, others))
            case (.chunked, _): self
            case (_, .chunked): other
            case (.byRow, _): self
            case (.direct, _): other == .byRow ? other : self
            }
        }
    }

    /// The file, or what several part files were named by.
    public let file: String
    /// The array in the first file, which stands for those of all parts.
    public let dataset: Dataset
    public let parts: SampleParts
    /// A sample as it is stored, images as [H, W, C].
    package private(set) var stored: Shape
    /// The same, where decoding makes another shape of it.
    public var storedShape: Shape { stored }
    /// How stored images become samples; nil where they are samples as they are.
    public internal(set) var decoding: ImageDecoding?
    /// A sample as it is handed on: [H, W, C], or [F] for features.
    public var sample: Shape { decoding?.output ?? stored }
    public private(set) var form: SampleForm
    public let access: Access
    /// How images lie in the file; nil for features and images without a channel axis.
    public private(set) var order: ChannelOrder?

    /// Whether samples lie as [C, H, W] or [C, W, H] and must be turned into [H, W, C].
    package var needsTransposition: Bool {
        switch order {
        case .nchw: stored[2] > 1
        case .ncwh: stored.extents.filter { $0 > 1 }.count > 1
        case .nhwc, nil: false
        }
    }
    /// Bytes of a sample as it is handed on.
    public var sampleBytes: Int { sample.count * form.size }

    /// Floats of another shape, which memory holds in the place of the samples.
    func replaced(byFloats shape: Shape) -> SampleSource {
        var source = self
        (source.stored, source.form, source.order, source.decoding) = (shape, .floats, nil, nil)
        return source
    }

    /// Encoded images. Each may have a size of its own.
    init(_ images: EncodedImages, channels: Int) throws {
        dataset = images.bytes
        file = dataset.location.file
        (stored, order, form) = ([0], nil, .bytes)
        switch try dataset.storage() {
        case _ where dataset.holdsByteLists: access = .byRow
        case .chunked(let chunk, _): access = .chunked(rows: images.bandRows(chunk: chunk[0]))
        case .contiguous(let offset?): access = .direct(offset: offset)
        case .contiguous, .other: access = .byRow
        }
        parts = SampleParts(dataset, access: access, rowBytes: 0, offsets: images.offsets)
        decoding = EncodedImages.usualDecoding(channels: channels)
    }

    /// Those of part files, which are of one kind, as one. `first` is that of the first.
    init(joining parts: [SampleParts], _ accesses: [Access], first: SampleSource, file: String) {
        self.file = file
        (dataset, stored, order) = (first.dataset, first.stored, first.order)
        (form, decoding) = (first.form, first.decoding)
        access = accesses.reduce(first.access) { $0.joined(with: $1) }
        self.parts = SampleParts(joining: parts, first: first.dataset)
    }

    /// `mayBeNumbers`: a sample may be a single number.
    init(_ dataset: Dataset, order chosen: ChannelOrder?, mayBeNumbers: Bool = false) throws {
        self.dataset = dataset
        file = dataset.location.file
        switch dataset.elementType {
        case .integer(bytes: 1, signed: false): form = .bytes
        case .float, .integer: form = .floats
        case .string, .other:
            throw Self.error(
                dataset, "samples are of type \(dataset.elementType)",
                remedy: "store pixels and features as uint8 or float32, and image files as lists of uint8 [N]")
        }
        (stored, order) =
            mayBeNumbers && dataset.shape.rank == 1 && dataset.rows > 0
            ? ([1], nil) : try Self.interpret(dataset, chosen)
        guard stored.isOfPossibleSize else {
            throw Self.error(dataset, "a sample of \(stored) has more than 2^31 - 1 elements")
        }
        switch try dataset.storage() {
        case .chunked(let chunk, _):
            access = .chunked(rows: max(1, min(chunk[0], dataset.rows)))
        case .contiguous(let offset?) where dataset.hasNativeBytes && dataset.elementType.isDirectlyRead:
            access = .direct(offset: offset)
        case .contiguous, .other:
            access = .byRow
        }
        parts = SampleParts(dataset, access: access, rowBytes: stored.count * form.size)
    }

    private static func interpret(_ dataset: Dataset, _ chosen: ChannelOrder?) throws -> (Shape, ChannelOrder?) {
        let shape = dataset.shape
        guard shape.extents.allSatisfy({ $0 > 0 }) else { throw error(dataset, "it is empty (\(shape))") }
        switch shape.rank {
        case 2: return ([shape[1]], nil)
        case 3:
            guard chosen == .ncwh || (chosen == nil && dataset.isOfMATLAB) else {
                return ([shape[1], shape[2], 1], nil)
            }
            return ([shape[2], shape[1], 1], .ncwh)
        case 4:
            let candidates = channelOrders(dataset)
            guard let order = chosen ?? (candidates.count == 1 ? candidates[0] : nil) else {
                if dataset.isOfMATLAB, channelCounts.contains(shape[0]) {
                    throw error(
                        dataset, "its last axis of \(shape) counts the samples, MATLAB's first one",
                        remedy: "save permute(x, [2 3 4 1]), so that MATLAB's last axis counts them")
                }
                throw error(
                    dataset,
                    "the channel axis of shape \(shape) is unclear: "
                        + (candidates.isEmpty
                            ? "neither the second nor the last axis is 1, 3 or 4"
                            : "candidates are the last axis (NHWC) and the second (NCHW)"),
                    remedy: "say which with --channel-order nhwc or nchw")
            }
            switch order {
            case .nhwc: return ([shape[1], shape[2], shape[3]], order)
            case .nchw: return ([shape[2], shape[3], shape[1]], order)
            case .ncwh: return ([shape[3], shape[2], shape[1]], order)
            }
        default:
            throw error(
                dataset, "samples of shape \(shape) are neither images nor features",
                remedy: "store images as [N, H, W, C] or features as [N, F]")
        }
    }

    private static let channelCounts = [1, 3, 4]

    /// The orders that an array of images can have: by the axis of 1, 3 or 4, and where that is not clear, by the names
    /// that the file gives the axes (HDF5's dimension labels).
    private static func channelOrders(_ dataset: Dataset) -> [ChannelOrder] {
        let shape = dataset.shape
        let second: ChannelOrder = dataset.isOfMATLAB ? .ncwh : .nchw
        let candidates =
            (channelCounts.contains(shape[3]) ? [.nhwc] : []) + (channelCounts.contains(shape[1]) ? [second] : [])
        guard candidates.count != 1 else { return candidates }
        switch (try? dataset.attributes.strings("DIMENSION_LABELS"))?.firstIndex(where: { $0.hasPrefix("channel") }) {
        case 1: return [second]
        case 3: return [.nhwc]
        default: return candidates
        }
    }

    /// What there is to say of how the samples were understood.
    var notes: [String] {
        if dataset.holdsByteLists {
            return [
                "the images of \(dataset.path) are lists of bytes, all of which were read to find their lengths; "
                    + "`dptrain data repack` writes a file that is opened and read faster"
            ]
        }
        let stored = Shape(dataset.shape.extents.reversed())
        if dataset.isOfMATLAB, dataset.shape.rank == 2 {
            return ["\(dataset.path) is an array \(stored) of MATLAB, whose columns are taken as the samples"]
        }
        guard order == .ncwh else { return [] }
        return [
            "\(dataset.path) is an array \(stored) of MATLAB, whose axes HDF5 has in reverse: each sample is turned into \(sample)"
        ]
    }

    private static func error(_ dataset: Dataset, _ detail: String, remedy: String? = nil) -> DatasetError {
        DatasetError(file: dataset.location.file, object: dataset.path, detail, remedy: remedy)
    }
}

extension ElementType {
    /// Whether samples can be used as the file has them, given the right order of bytes.
    fileprivate var isDirectlyRead: Bool { self == .integer(bytes: 1, signed: false) || self == .float(bytes: 4) }
}
