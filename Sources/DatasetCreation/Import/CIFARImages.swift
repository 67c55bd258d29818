import Basics

/// Which label of CIFAR-100 to take: one of 100 classes, or of the 20 groups that hold five of them each.
public enum CIFARLabels: Sendable {
    case fine, coarse
}

/// The binary version of CIFAR-10 or CIFAR-100: records of labels (one byte; CIFAR-100: coarse, then fine) and 3,072
/// bytes, a plane of 32x32 for red, green and blue each (Krizhevsky, "The CIFAR-10 dataset").
struct CIFARVersion {
    let format: ImportFormat
    let labelBytes: Int
    /// Where in a record the label lies.
    let labelOffset: Int
    let classes: Int
    let firstTrainFile: String
    let testFile: String
    let namesFile: String
    /// The folder in which the archive has the files.
    let subfolder: String

    static let cifar10 = CIFARVersion(
        format: .cifar10, labelBytes: 1, labelOffset: 0, classes: 10, firstTrainFile: "data_batch_1.bin",
        testFile: "test_batch.bin", namesFile: "batches.meta.txt", subfolder: "cifar-10-batches-bin")

    static func cifar100(_ labels: CIFARLabels) -> CIFARVersion {
        CIFARVersion(
            format: .cifar100, labelBytes: 2, labelOffset: labels == .coarse ? 0 : 1,
            classes: labels == .coarse ? 20 : 100, firstTrainFile: "train.bin", testFile: "test.bin",
            namesFile: labels == .coarse ? "coarse_label_names.txt" : "fine_label_names.txt",
            subfolder: "cifar-100-binary")
    }

    static let side = 32
    static let channels = 3
    static let planeBytes = side * side
    static let imageBytes = planeBytes * channels
    var recordBytes: Int { labelBytes + Self.imageBytes }

    func matches(_ files: FileCollection) -> Bool { files.contains(firstTrainFile) }

    func collection(_ files: FileCollection) throws(ImportError) -> ImageCollection {
        let train = try CIFARImages(self, files, names: trainFiles(files))
        let test = try CIFARImages(self, files, names: [testFile])
        return ImageCollection(classes: try classNames(files), splits: [("train", train), ("test", test)])
    }

    /// CIFAR-10 has its training images in numbered files; a gap in the numbers is a file that got lost.
    private func trainFiles(_ files: FileCollection) throws(ImportError) -> [String] {
        guard format == .cifar10 else { return [firstTrainFile] }
        let numbers = files.names.compactMap { name in
            name.hasPrefix("data_batch_") && name.hasSuffix(".bin") ? Int(name.dropFirst(11).dropLast(4)) : nil
        }
        return (1...max(1, numbers.max() ?? 1)).map { "data_batch_\($0).bin" }
    }

    /// One name a line; numbers where the file of names is missing.
    private func classNames(_ files: FileCollection) throws(ImportError) -> [String] {
        guard files.contains(namesFile) else { return (0..<classes).map(String.init) }
        let text = String(decoding: try files.contents(of: namesFile), as: UTF8.self)
        let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0 == " " } }
            .filter { !$0.isEmpty }.map(String.init)
        guard names.count == classes else {
            throw .damaged(files.place(namesFile), reason: "it names \(names.count) classes, \(classes) expected")
        }
        return names
    }
}

/// The records of one or several files, one after the other.
final class CIFARImages: ImageSource {
    let shape: Shape = [CIFARVersion.side, CIFARVersion.side, CIFARVersion.channels]
    let count: Int
    private let version: CIFARVersion
    private let parts: [(place: String, range: Range<Int>, bytes: [UInt8])]

    init(_ version: CIFARVersion, _ files: FileCollection, names: [String]) throws(ImportError) {
        var parts: [(place: String, range: Range<Int>, bytes: [UInt8])] = []
        var start = 0
        for name in names {
            let bytes = try files.contents(of: name)
            let records = bytes.count.dividedRoundingUp(by: version.recordBytes)
            guard records > 0, bytes.count == records * version.recordBytes else {
                throw .wrongSize(
                    files.place(name), expected: max(records, 1) * version.recordBytes, actual: bytes.count)
            }
            parts.append((files.place(name), start..<start + records, bytes))
            start += records
        }
        self.version = version
        self.parts = parts
        count = start
    }

    func read(
        _ range: Range<Int>, images: UnsafeMutablePointer<UInt8>, labels: UnsafeMutablePointer<Int32>
    ) throws {
        for part in parts {
            for index in range.clamped(to: part.range) {
                let record = index - part.range.lowerBound
                let start = record * version.recordBytes
                let label = Int(part.bytes[start + version.labelOffset])
                guard label < version.classes else {
                    throw ImportError.labelRange(
                        part.place, record: record, label: label, classes: version.classes)
                }
                let slot = index - range.lowerBound
                labels[slot] = Int32(label)
                part.bytes.withUnsafeBufferPointer { bytes in
                    Self.interleave(
                        bytes, from: start + version.labelBytes, into: images + slot * CIFARVersion.imageBytes)
                }
            }
        }
    }

    /// [C, H, W] to [H, W, C].
    private static func interleave(
        _ planes: UnsafeBufferPointer<UInt8>, from start: Int, into output: UnsafeMutablePointer<UInt8>
    ) {
        let (channels, planeBytes) = (CIFARVersion.channels, CIFARVersion.planeBytes)
        for channel in 0..<channels {
            for pixel in 0..<planeBytes {
                output[pixel * channels + channel] = planes[start + channel * planeBytes + pixel]
            }
        }
    }
}
