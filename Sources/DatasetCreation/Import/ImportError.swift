import Basics

/// Why files of another format could not be taken, or the new file not be written.
public enum ImportError: Error, Equatable, CustomStringConvertible {
    case notFound(String)
    case unreadable(String, reason: String)
    /// The file holds other than what its header or format promises; sizes are in bytes, after inflating.
    case wrongSize(String, expected: Int, actual: Int)
    /// A header promises more than there can be.
    case impossibleSize(String, promised: Int, most: Int)
    /// An archive that ends in the middle.
    case truncated(String)
    case damaged(String, reason: String)
    case wrongMagic(String, found: [UInt8], expected: String)
    case missing(String, lookedFor: String)
    case unknownContent(String, found: [String])
    case ambiguous(String, candidates: [String], remedy: String)
    case labelCount(images: String, count: Int, labels: String, labelCount: Int)
    /// A number that no class can have.
    case noClassNumber(String, record: Int, label: Int, largest: Int)
    case labelRange(String, record: Int, label: Int, classes: Int)
    /// A source gives another number of samples than it said.
    case sampleCount(String, expected: Int, actual: Int)
    case shapesDiffer(String, Shape, String, Shape)
    case noCoarseLabels(String)
    case badOption(String, reason: String)
    /// A line of a table.
    case badLine(String, line: Int, reason: String)
    case noTrainImages
    case outputExists(String)
    case unwritable(String, reason: String)

    public var description: String {
        switch self {
        case .notFound(let path):
            "\(path): there is no such file or folder; check the path"
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .wrongSize(let path, let expected, let actual) where actual < expected:
            "\(path): truncated: \(expected) bytes expected, \(actual) found; download or copy it again"
        case .wrongSize(let path, let expected, let actual):
            "\(path): \(expected) bytes expected, \(actual) or more found; it is not what its header says"
        case .impossibleSize(let path, let promised, let most):
            "\(path): it says that it holds \(promised) bytes, but cannot hold more than \(most); download or copy it again"
        case .truncated(let path):
            "\(path): truncated; download or copy it again"
        case .damaged(let path, let reason):
            "\(path): damaged: \(reason); download or copy it again"
        case .wrongMagic(let path, let found, let expected):
            "\(path): begins with bytes \(found.map(Self.hexadecimal).joined(separator: " ")), \(expected) expected"
        case .missing(let path, let lookedFor):
            "\(path): holds no \(lookedFor)"
        case .unknownContent(let path, let found):
            "\(path): no data set that can be imported; looked for \(ImporterList.expectations); "
                + (found.isEmpty ? "found nothing" : "found " + Self.list(found))
        case .ambiguous(let path, let candidates, let remedy):
            "\(path): holds several data sets (\(Self.list(candidates))); \(remedy)"
        case .labelCount(let images, let count, let labels, let labelCount):
            "\(images) holds \(count) images, but \(labels) \(labelCount) labels; they do not belong together"
        case .noClassNumber(let path, let record, let label, let largest):
            "\(path): record \(record) has label \(label); labels are numbers of classes, 0 to \(largest)"
        case .labelRange(let path, let record, let label, let classes):
            "\(path): record \(record) has label \(label), but there are \(classes) classes"
        case .sampleCount(let split, let expected, let actual):
            "\(split): \(expected) samples expected, \(actual) found; the source changed while it was read"
        case .shapesDiffer(let first, let shape, let second, let other):
            "\(first) has images of \(shape), but \(second) of \(other); they do not belong together"
        case .noCoarseLabels(let format):
            "coarse labels exist in \(Self.withCoarseLabels) only, and this is \(format)"
        case .badOption(let option, let reason):
            "--\(option): \(reason)"
        case .badLine(let path, let line, let reason):
            "\(path): line \(line): \(reason)"
        case .noTrainImages:
            "a data set needs at least one training image"
        case .outputExists(let path):
            "\(path): exists already; choose another name or give --overwrite"
        case .unwritable(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }

    private static var withCoarseLabels: String {
        ImporterList.known.filter(\.hasCoarseLabels).map(\.name).listed("and")
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// The first few names, since a folder may hold thousands.
    private static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
}
