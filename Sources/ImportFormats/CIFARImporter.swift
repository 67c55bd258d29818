import Basics
import ImportSources

/// The binary version of CIFAR-10 or CIFAR-100: records of labels (one byte; CIFAR-100: coarse, then fine) and 3,072
/// bytes, a plane of 32x32 for red, green and blue each (Krizhevsky, "The CIFAR-10 dataset").
struct CIFARImporter: Importer {
    let name: String
    let summary: String
    let options: [ImporterOption]
    private let firstTrainFile: String
    private let testFile: String
    /// The folder in which the archive has the files.
    private let subfolder: String

    /// One of the 20 groups that hold five classes each.
    private static let coarse = ImporterOption(
        "coarse", help: "CIFAR-100's 20 groups as labels instead of its 100 classes")

    static let cifar10 = CIFARImporter(
        name: "cifar-10", summary: "data_batch_1.bin and the others of the binary version, in a folder or an archive",
        options: [], firstTrainFile: "data_batch_1.bin", testFile: "test_batch.bin",
        subfolder: "cifar-10-batches-bin")

    static let cifar100 = CIFARImporter(
        name: "cifar-100", summary: "train.bin and test.bin of the binary version, in a folder or an archive",
        options: [coarse], firstTrainFile: "train.bin", testFile: "test.bin", subfolder: "cifar-100-binary")

    func recognizes(_ input: ImportInput) -> Bool { input.contains(firstTrainFile) || holdsSubfolder(input) }

    /// The folder that the archive unpacks to may be meant by the one that holds it.
    func open(_ input: ImportInput, _ options: FormatOptions) throws(ImportError) -> ImportedDataset {
        if !input.contains(firstTrainFile), holdsSubfolder(input) {
            return try open(ImportInput(folder: input.path + "/" + subfolder), options)
        }
        let record = record(isCoarse: options.isGiven(Self.coarse))
        let train = try CIFARFiles(record, input, names: trainFiles(input))
        let test = try CIFARFiles(record, input, names: [testFile])
        return ImportedDataset(
            classes: try classNames(record, input), splits: [train.split(named: "train"), test.split(named: "test")])
    }

    private func holdsSubfolder(_ input: ImportInput) -> Bool { input.kind == .folder && input.contains(subfolder) }

    private func record(isCoarse: Bool) -> CIFARRecord {
        guard firstTrainFile != Self.cifar10.firstTrainFile else {
            return CIFARRecord(labelBytes: 1, labelOffset: 0, classes: 10, namesFile: "batches.meta.txt")
        }
        return isCoarse
            ? CIFARRecord(labelBytes: 2, labelOffset: 0, classes: 20, namesFile: "coarse_label_names.txt")
            : CIFARRecord(labelBytes: 2, labelOffset: 1, classes: 100, namesFile: "fine_label_names.txt")
    }

    /// CIFAR-10 has its training images in numbered files; a gap in the numbers is a file that got lost.
    private func trainFiles(_ input: ImportInput) throws(ImportError) -> [String] {
        guard firstTrainFile == "data_batch_1.bin" else { return [firstTrainFile] }
        let numbers = Set(
            input.names.compactMap { name in
                name.hasPrefix("data_batch_") && name.hasSuffix(".bin") ? Int(name.dropFirst(11).dropLast(4)) : nil
            })
        let gap = (1...).first { !numbers.contains($0) } ?? 1
        guard gap > 1, gap > numbers.max() ?? 0 else {
            throw .missing(input.path, lookedFor: "data_batch_\(gap).bin")
        }
        return (1..<gap).map { "data_batch_\($0).bin" }
    }

    /// One name a line; numbers where the file of names is missing.
    private func classNames(_ record: CIFARRecord, _ input: ImportInput) throws(ImportError) -> [String] {
        guard input.contains(record.namesFile) else { return ImportedDataset.numberedClasses(record.classes) }
        let names = try input.text(of: record.namesFile).split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == " " } }.filter { !$0.isEmpty }.map(String.init)
        guard names.count == record.classes else {
            throw .damaged(
                input.place(record.namesFile), reason: "it names \(names.count) classes, \(record.classes) expected")
        }
        return names
    }
}

/// How a record of a CIFAR file is made up.
private struct CIFARRecord {
    let labelBytes: Int
    /// Where in a record the label lies.
    let labelOffset: Int
    let classes: Int
    let namesFile: String

    static let side = 32
    static let channels = 3
    static let planeBytes = side * side
    static let imageBytes = planeBytes * channels
    var bytes: Int { labelBytes + Self.imageBytes }
}

/// The records of one or several files, one after the other.
private struct CIFARFiles {
    let record: CIFARRecord
    let input: ImportInput
    /// Names, and numbers of records.
    let files: [(name: String, count: Int)]

    init(_ record: CIFARRecord, _ input: ImportInput, names: [String]) throws(ImportError) {
        var files: [(name: String, count: Int)] = []
        for name in names {
            let size = try input.size(of: name)
            let (count, rest) = size.quotientAndRemainder(dividingBy: record.bytes)
            guard count > 0, rest == 0 else {
                throw .wrongSize(input.place(name), expected: size - rest + record.bytes, actual: size)
            }
            files.append((name, count))
        }
        self.record = record
        self.input = input
        self.files = files
    }

    func split(named name: String) -> ImportedSplit {
        ImportedSplit(name: name, count: files.reduce(0) { $0 + $1.count }) { CIFARStream(self) }
    }
}

private final class CIFARStream: SampleStream {
    private let files: CIFARFiles
    private var remaining: ArraySlice<(name: String, count: Int)>
    /// The file that is being read, and its next record.
    private var stream: ByteStream?
    private var index = 0
    private var bytes: [UInt8] = []
    private let shape: Shape = [CIFARRecord.side, CIFARRecord.side, CIFARRecord.channels]

    init(_ files: CIFARFiles) {
        self.files = files
        remaining = files.files[...]
    }

    func next(_ sample: inout ImportedSample) throws(ImportError) -> Bool {
        while let file = remaining.first {
            let stream = if let open = self.stream { open } else { try files.input.open(file.name) }
            guard index < file.count else {
                try stream.requireEnd()
                remaining.removeFirst()
                (self.stream, index) = (nil, 0)
                continue
            }
            self.stream = stream
            try stream.read(files.record.bytes, into: &bytes)
            let label = Int(bytes[files.record.labelOffset])
            guard label < files.record.classes else {
                throw .labelRange(stream.place, record: index, label: label, classes: files.record.classes)
            }
            index += 1
            sample.shape = shape
            sample.label = Int32(label)
            interleave(into: &sample.bytes)
            return true
        }
        return false
    }

    /// [C, H, W] to [H, W, C].
    private func interleave(into output: inout [UInt8]) {
        let (channels, planeBytes) = (CIFARRecord.channels, CIFARRecord.planeBytes)
        if output.count != CIFARRecord.imageBytes { output = [UInt8](repeating: 0, count: CIFARRecord.imageBytes) }
        bytes.withUnsafeBufferPointer { bytes in
            let planes = bytes.dropFirst(files.record.labelBytes)
            output.withUnsafeMutableBufferPointer { output in
                for channel in 0..<channels {
                    for pixel in 0..<planeBytes {
                        output[pixel * channels + channel] = planes[planes.startIndex + channel * planeBytes + pixel]
                    }
                }
            }
        }
    }
}
