import HDF5Storage
import Basics

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
    }

    /// The form in which samples are handed on.
    public enum Form: Sendable, Equatable {
        case bytes
        case floats

        /// Bytes an element.
        public var size: Int { self == .bytes ? 1 : 4 }
    }

    public let dataset: Dataset
    /// A sample as it is handed on: [H, W, C], or [F] for features.
    public let sample: Shape
    public let form: Form
    public let access: Access
    /// How images lie in the file; nil for features and images without a channel axis.
    public let order: ChannelOrder?

    /// Whether samples lie as [C, H, W] and must be turned into [H, W, C].
    var needsTransposition: Bool { order == .nchw && sample[2] > 1 }
    /// Bytes of a sample as it is handed on.
    public var sampleBytes: Int { sample.count * form.size }

    init(_ dataset: Dataset, order chosen: ChannelOrder?) throws {
        self.dataset = dataset
        (sample, order) = try Self.interpret(dataset, chosen)
        guard sample.isOfPossibleSize else {
            throw Self.error(dataset, "a sample of \(sample) has more than 2^31 - 1 elements")
        }
        switch dataset.elementType {
        case .integer(bytes: 1, signed: false): form = .bytes
        case .float: form = .floats
        default:
            throw Self.error(
                dataset, "samples are of type \(dataset.elementType)", remedy: "store them as uint8 or float32")
        }
        switch try dataset.storage() {
        case .chunked(let chunk, _):
            access = .chunked(rows: max(1, min(chunk[0], dataset.rows)))
        case .contiguous(let offset?) where dataset.hasNativeBytes && dataset.elementType != .float(bytes: 8):
            access = .direct(offset: offset)
        case .contiguous, .other:
            access = .byRow
        }
    }

    private static func interpret(_ dataset: Dataset, _ chosen: ChannelOrder?) throws -> (Shape, ChannelOrder?) {
        let shape = dataset.shape
        guard shape.extents.allSatisfy({ $0 > 0 }) else { throw error(dataset, "it is empty (\(shape))") }
        switch shape.rank {
        case 2: return ([shape[1]], nil)
        case 3: return ([shape[1], shape[2], 1], nil)
        case 4:
            let channelCounts = [1, 3, 4]
            let candidates: [ChannelOrder] =
                (channelCounts.contains(shape[3]) ? [.nhwc] : []) + (channelCounts.contains(shape[1]) ? [.nchw] : [])
            guard let order = chosen ?? (candidates.count == 1 ? candidates[0] : nil) else {
                throw error(
                    dataset,
                    "the channel axis of shape \(shape) is unclear: "
                        + (candidates.isEmpty
                            ? "neither the second nor the last axis is 1, 3 or 4"
                            : "candidates are the last axis (NHWC) and the second (NCHW)"),
                    remedy: "say which with --channel-order nhwc or nchw")
            }
            return (order == .nhwc ? [shape[1], shape[2], shape[3]] : [shape[2], shape[3], shape[1]], order)
        default:
            throw error(
                dataset, "samples of shape \(shape) are neither images nor features",
                remedy: "store images as [N, H, W, C] or features as [N, F]")
        }
    }

    private static func error(_ dataset: Dataset, _ detail: String, remedy: String? = nil) -> DatasetError {
        DatasetError(file: dataset.location.file, object: dataset.path, detail, remedy: remedy)
    }
}
