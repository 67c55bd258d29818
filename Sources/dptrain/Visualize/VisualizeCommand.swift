import ArgumentParser
import Basics
import Engines
import Evaluation
import Models
import Pictures
import Training

struct VisualizeCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "visualize",
        abstract: "Show what a layer makes of an image, its kernels, or an image through a fixed kernel.",
        discussion: """
            In a feature map, black is the smallest value and white the largest. In a kernel, middle grey is zero. A kernel
            with 1 or 3 input channels is one tile. For other kernels each row is a filter, and each column is an input
            channel. Fixed kernels: \(names).

            Examples:
              dptrain visualize runs/lenet/best.h5 --data fashion.h5 --index 7 --layer conv2d --output maps.png
              dptrain visualize runs/lenet/best.h5 --layer conv2d --kernels --output kernels.png
              dptrain visualize --image photo.png --filter sharpen --output sharp.png
            """)

    private static let names = FixedKernel.allCases.map(\.rawValue).joined(separator: ", ")

    @Argument(help: "checkpoint, or Keras model (.h5); not with --filter")
    var model: String?

    @OptionGroup var image: ImageFlags

    @Option(help: "the layer, as `dptrain summary` names it")
    var layer: String?

    @Flag(help: "show the layer's kernels, which need no image")
    var kernels = false

    @Option(help: ArgumentHelp("apply a fixed kernel to the image", valueName: "name"))
    var filter: FixedKernel?

    @Option(help: "maximum number of feature maps, or of filters and input channels")
    var most = 64

    @Option(help: ArgumentHelp("onednn or blas", valueName: "engine"))
    var engine = EngineChoice.standard

    @Option(help: ArgumentHelp("picture to write", valueName: "file.png"))
    var output: String

    var threads: Int { 1 }

    mutating func validate() throws {
        guard most > 0 else { throw ValidationError("--most \(most) is not positive") }
        guard output.lowercased().hasSuffix(".png") else {
            throw ValidationError("--output \(output) must end in .png")
        }
        if filter != nil {
            guard model == nil, layer == nil, !kernels else {
                throw ValidationError("--filter looks at an image alone; leave out the model, --layer and --kernels")
            }
        } else {
            guard model != nil, layer != nil else {
                throw ValidationError("give a model and --layer, or an image and --filter (\(Self.names))")
            }
        }
        guard image.isGiven != kernels else {
            throw ValidationError(
                kernels
                    ? "--kernels needs no image; leave out --image and --data"
                    : "give an image: --image FILE, or --data FILE.h5 --index N")
        }
    }

    func run() throws {
        let (picture, words) = try draw()
        try POSIXFileSystem().replace(output, with: picture.png())
        try StandardOutput.print("\(output): \(words), \(picture.width)x\(picture.height)")
    }

    private func draw() throws -> (Picture, String) {
        if let filter { return (filter(try Picture(image.sample())), "the image through \(filter.rawValue)") }
        guard let model, let layer else { preconditionFailure("validated") }
        let inspected = try InspectedModel(model)
        if kernels {
            let (shape, values) = try inspected.kernel(ofLayer: layer)
            return (Self.kernels(values, shape, most: most), "kernels \(shape) of \(layer)")
        }
        let (shape, values) = try inspected.output(
            ofLayer: layer, for: image.sample(fitting: inspected.fitted),
            engine: EngineChoice.engine(engine, threads: threads))
        return (Self.maps(values, shape, most: most), "feature maps \(shape) of \(layer)")
    }

    /// A tile a channel; a vector is one row of dots.
    private static func maps(_ values: [Float], _ shape: Shape, most: Int) -> Picture {
        guard shape.rank == 3 else {
            let dots = Picture(stretching: values, width: values.count, height: 1, channels: 1)
            return Grid(dots.bytes.map { Picture(width: 1, height: 1, channels: 1, bytes: [$0]) }).picture
        }
        let (height, width, channels) = (shape[0], shape[1], shape[2])
        return Grid(
            (0..<min(channels, most)).map { channel in
                let map = stride(from: channel, to: values.count, by: channels).map { values[$0] }
                return Picture(stretching: map, width: width, height: height, channels: 1)
            }
        ).picture
    }

    /// `shape` is [kH, kW, in, out].
    private static func kernels(_ values: [Float], _ shape: Shape, most: Int) -> Picture {
        let (height, width, inputs, filters) = (shape[0], shape[1], shape[2], shape[3])
        let tile = { (filter: Int, channels: Range<Int>) in
            let weights = (0..<height * width).flatMap { place in
                channels.map { values[(place * inputs + $0) * filters + filter] }
            }
            return Picture(aroundZero: weights, width: width, height: height, channels: channels.count)
        }
        let shown = 0..<min(filters, most)
        if inputs == 1 || inputs == 3 { return Grid(shown.map { tile($0, 0..<inputs) }).picture }
        let seen = 0..<min(inputs, most)
        return Grid(
            shown.flatMap { filter in seen.map { tile(filter, $0..<$0 + 1) } }, columns: seen.count
        ).picture
    }
}

extension FixedKernel: ExpressibleByArgument {}
