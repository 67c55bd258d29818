import Basics
import Datasets
import HDF5Storage
import ImageCoding
import ImportSources
import Transforms

/// Image files without labels, written as the test split of a data file, so that a model can predict them.
public struct UnlabelledImages {
    /// As the files are called, in the order of the samples.
    public let names: [String]

    /// Reads all images of files, folders and archives, and writes the data file. What is no image is left out of folders and
    /// archives, and refused where it is named itself. Pixels are stored if all images have the size `input` ([H, W, C]) of a
    /// network that was trained on pixels; then it takes them as they are. Otherwise they are stored encoded. All of them are in
    /// memory meanwhile.
    public init(_ sources: [String], input: Shape, decodesSamples: Bool, to path: String) throws {
        var (names, bytes, offsets): ([String], [UInt8], [UInt64]) = ([], [], [0])
        var options = ImageOptions()
        options.isGrey = input.extents.last == 1
        let preparer = try ImagePreparer(options)
        var (file, none): ([UInt8], ChannelStatistics?) = ([], nil)
        for source in sources {
            let tree = try FileTree([source])
            let reader = FileTreeReader(tree)
            for entry in tree.files where entry.isSomewhere {
                try reader.read(entry, into: &file)
                let isNamed = tree.files.count == 1 && tree.archives.isEmpty && source.hasSuffix(entry.path)
                guard isNamed || file.withUnsafeBytes({ ImageHeader.format(of: $0) }) != nil else { continue }
                let name = isNamed ? source : source + "/" + entry.path
                do throws(ImageError) {
                    _ = try preparer.prepare(file, into: &bytes, &none)
                } catch {
                    throw FileError(.content, file: name, "\(error)", remedy: "remove it, or name the other files")
                }
                offsets.append(UInt64(bytes.count))
                names.append(name)
            }
        }
        guard !names.isEmpty else {
            throw OptionError("images", "there is no JPEG, PNG or WebP image in \(sources.joined(separator: ", "))")
        }
        self.names = names
        let output = try HDF5File.create(path)
        try output.root.attributes.set("format", DatasetFile.format)
        try output.root.attributes.set("version", DatasetFile.version)
        if !decodesSamples, let pixels = try Self.pixels(of: bytes, offsets, input) {
            try output.root.write("test/images", shape: Shape([names.count] + input.extents), pixels)
        } else {
            try output.root.write("test/encoded", shape: [bytes.count], bytes)
            try output.root.write("test/offsets", shape: [offsets.count], offsets.map { Int64($0) })
        }
        try output.close()
    }

    /// Nil if an image has another size.
    private static func pixels(of bytes: [UInt8], _ offsets: [UInt64], _ input: Shape) throws -> [UInt8]? {
        guard input.rank == 3, [1, 3].contains(input[2]) else { return nil }
        let size = PixelSize(width: input[1], height: input[0])
        return try bytes.withUnsafeBytes { bytes in
            let images = (1..<offsets.count).map {
                UnsafeRawBufferPointer(rebasing: bytes[Int(offsets[$0 - 1])..<Int(offsets[$0])])
            }
            guard try images.allSatisfy({ try ImageHeader($0).size == size }) else { return nil }
            let decoder = try ImageDecoder()
            return try images.flatMap { image in
                let view = try decoder.decode(image, channels: input[2])
                return view.copy(view.region)
            }
        }
    }
}
