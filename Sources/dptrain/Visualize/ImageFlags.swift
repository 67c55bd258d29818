import ArgumentParser
import Basics
import DataPipeline
import Datasets
import Pictures
import Training

/// An image: a file, or a sample of a data file.
struct ImageFlags: ParsableArguments {
    @Option(help: ArgumentHelp("image: a JPEG, PNG or WebP file", valueName: "file"), completion: .file())
    var image: String?

    @Option(help: ArgumentHelp("HDF5 file to take the image from", valueName: "file.h5"), completion: .file())
    var data: String?

    @Option(
        help: ArgumentHelp("train, validation or test (default: test, else validation, else train)", valueName: "split")
    )
    var split: Split?

    @Option(help: "number of the image in the split, from 0")
    var index: Int?

    mutating func validate() throws {
        if image != nil, data != nil || split != nil || index != nil {
            throw ValidationError("--image is the image; leave out --data, --split and --index, which name another")
        }
        guard (data == nil) == (index == nil), split == nil || data != nil else {
            throw ValidationError("an image of a data file needs both --data and --index")
        }
    }

    var isGiven: Bool { image != nil || data != nil }

    /// Called where one is given. `fitting` makes the samples of a data file such as are wanted.
    func sample(fitting: (SampleSet) throws -> SampleSet = { $0 }) throws -> StoredSample {
        if let image {
            let bytes = try POSIXFileSystem().read(image)
            let picture = try Picture(decoding: bytes, name: image)
            return StoredSample(.bytes(picture.bytes), shape: [picture.height, picture.width, picture.channels])
        }
        guard let data, let index else { preconditionFailure("an image is given") }
        let file = try DatasetFile.open(data)
        return try fitting(file.split(split ?? file.usualSplit)).storedSample(index)
    }
}
