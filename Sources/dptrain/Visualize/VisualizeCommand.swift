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
            channel: 5.2 is what filter 5 has for channel 2. Fixed kernels: \(names).

            Examples:
              dptrain visualize runs/lenet/best.h5 --data fashion.h5 --index 7 --layer conv2d --output maps.png
              dptrain visualize runs/lenet/best.h5 --layer conv2d --kernels --output kernels.png
              dptrain visualize --image photo.png --filter sharpen --output sharp.png
            """)

    private static let names = FixedKernel.allCases.map(\.rawValue).joined(separator: ", ")

    @Argument(help: "checkpoint, or Keras model (.h5); not with --filter", completion: .file())
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

    @Option(help: ArgumentHelp("picture to write", valueName: "file.png"), completion: .file())
    var output: String

    @Flag(help: "replace the picture if it exists")
    var overwrite = false

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
        let file = try OutputFile(output, overwrite: overwrite)
        let (picture, words) = try draw()
        try file.write(picture.png())
        try StandardOutput.print("\(output): \(words), \(picture.width)x\(picture.height)")
    }

    private func draw() throws -> (Picture, String) {
        if let filter { return (filter(try Picture(image.sample())), "the image through \(filter.rawValue)") }
        guard let model, let layer else { preconditionFailure("validated") }
        let inspected = try InspectedModel(model)
        if kernels {
            let (shape, values) = try inspected.kernel(ofLayer: layer)
            let words = "kernels \(shape) of \(layer)"
            return (LayerPictures.kernels(values, shape, most: most, title: words), words)
        }
        let (shape, values) = try inspected.output(
            ofLayer: layer, for: image.sample(fitting: inspected.fitted),
            engine: EngineChoice.engine(engine, threads: threads))
        let words = "\(shape.rank == 3 ? "feature maps" : "outputs") \(shape) of \(layer)"
        return (LayerPictures.maps(values, shape, most: most, title: words), words)
    }
}

extension FixedKernel: ExpressibleByArgument {}
