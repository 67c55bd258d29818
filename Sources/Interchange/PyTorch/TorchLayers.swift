import Basics
import FileFormats

/// The layers of a PyTorch `state_dict` under the names of the zoo, with weights in Keras's shapes. Known are the names that
/// torchvision and timm give to some families of networks; each family is an extension and a line of `families`.
///
/// Kernels of convolutions are [out, in, height, width] there and [height, width, in, out] here, those of dense layers [out,
/// in] and [in, out]. A dense layer behind images reads channel by channel there, and pixel by pixel here.
struct TorchLayers {
    /// Networks whose layers are named alike.
    struct Family {
        let name: String
        /// A tensor that no other family has.
        let sign: String
        let read: @Sendable (inout TorchLayers) throws(FileError) -> Void
    }

    private static let families: [Family] = [
        .resNet, .mobileNetV2, .efficientNet, .timm, .denseNet, .convNeXt, .timmConvNeXt, .vgg,
    ]

    private let file: SafetensorsFile
    private(set) var layers: [KerasWeightsFile.Layer] = []
    /// Whether the names tell that windows which stride have as many zeros on all sides, as PyTorch's.
    var tellsPadding = true
    private var lastFilters = 0

    init(_ file: SafetensorsFile) throws(FileError) {
        self.file = file
        guard let family = Self.families.first(where: { file.tensors[$0.sign] != nil }) else {
            let known = Set(Self.families.map(\.name)).sorted().listed("and")
            throw FileError(
                .content, file: file.path, "its names are not those of torchvision or timm for \(known)",
                remedy: "it has \(file.tensors.keys.sorted().listed(atMost: 8))")
        }
        try family.read(&self)
    }

    /// Of files without a classifier.
    func has(_ name: String) -> Bool { file.tensors[name + ".weight"] != nil }

    /// The tensors of four axes.
    var imageKernels: [String] { file.tensors.filter { $0.value.shape.count == 4 }.map(\.key) }

    /// The names of a convolution and of the normalisation behind it.
    typealias Normalized = (convolution: String, normalization: String)

    /// Whether a convolution takes fewer channels than the one before it makes.
    func isGrouped(_ name: String, behind previous: String) -> Bool {
        let shapes = [name, previous].map { file.tensors[$0 + ".weight"]?.shape ?? [] }
        return shapes.allSatisfy { $0.count == 4 } && shapes[0][1] < shapes[1][0]
    }

    private mutating func add(_ name: String, _ weights: [(String, [Int], [Float])]) {
        layers.append(
            KerasWeightsFile.Layer(
                name: name, group: name,
                weights: weights.map { KerasWeightsFile.Weight(name: $0.0, shape: Shape($0.1), values: $0.2) }))
    }

    private func shape(_ name: String, _ ranks: ClosedRange<Int>) throws(FileError) -> [Int] {
        let shape = file.tensors[name]?.shape ?? []
        guard ranks.contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
            throw FileError(.content, file: file.path, "the tensor \(name) has the shape \(shape)")
        }
        return shape
    }

    mutating func addConvolution(_ source: String, _ name: String, addsBias: Bool = false) throws(FileError) {
        let shape = try shape(source + ".weight", 4...4)
        let kernel = Self.lastAxisFirst(try file.values(source + ".weight"), shape)
        try add(
            name, [shape[2], shape[3], shape[1], shape[0]], kernel, biasOf: source, filters: shape[0],
            addsBias: addsBias)
    }

    /// A convolution of each channel on its own, which is one of as many groups there.
    mutating func addDepthwise(_ source: String, _ name: String) throws(FileError) {
        let shape = try shape(source + ".weight", 4...4)
        guard shape[1] == 1 else {
            throw FileError(.content, file: file.path, "the tensor \(source).weight has the shape \(shape)")
        }
        let kernel = Self.lastAxisFirst(try file.values(source + ".weight"), shape)
        try add(name, [shape[2], shape[3], shape[0], 1], kernel, biasOf: source, filters: shape[0], addsBias: false)
    }

    private mutating func add(
        _ name: String, _ shape: [Int], _ kernel: [Float], biasOf source: String, filters: Int, addsBias: Bool
    ) throws(FileError) {
        lastFilters = filters
        var weights = [("kernel", shape, kernel)]
        if file.tensors[source + ".bias"] != nil {
            weights.append(("bias", [filters], try vector(source + ".bias", filters)))
        } else if addsBias {
            weights.append(("bias", [filters], [Float](repeating: 0, count: filters)))
        }
        add(name, weights)
    }

    /// `epsilon` is the zoo's if it is not PyTorch's, 1e-5: the factor then makes up for it.
    mutating func addNormalization(_ source: String, _ name: String, epsilon: Float? = nil) throws(FileError) {
        let count = try shape(source + ".weight", 1...1)[0]
        var values: [[Float]] = []
        for part in ["weight", "bias", "running_mean", "running_var"] {
            values.append(try vector("\(source).\(part)", count))
        }
        if let epsilon {
            for i in 0..<count { values[0][i] *= ((values[3][i] + epsilon) / (values[3][i] + 1e-5)).squareRoot() }
        }
        add(name, zip(["gamma", "beta", "moving_mean", "moving_variance"], values).map { ($0, [count], $1) })
    }

    /// Of each sample's or pixel's channels.
    mutating func addLayerNormalization(_ source: String, _ name: String) throws(FileError) {
        let count = try shape(source + ".weight", 1...1)[0]
        add(
            name,
            [
                ("gamma", [count], try vector(source + ".weight", count)),
                ("beta", [count], try vector(source + ".bias", count)),
            ])
    }

    /// A factor for each channel; torchvision has them as [channels, 1, 1].
    mutating func addChannelScale(_ source: String, _ name: String) throws(FileError) {
        let shape = try shape(source, 1...3)
        guard shape.dropFirst().allSatisfy({ $0 == 1 }) else {
            throw FileError(.content, file: file.path, "the tensor \(source) has the shape \(shape)")
        }
        add(name, [("gamma", [shape[0]], try file.values(source))])
    }

    /// A dense layer, which may be stored as a convolution of the whole image. One that is not behind a mean reads images.
    mutating func addDense(_ source: String, _ name: String, isBehindMean: Bool = true) throws(FileError) {
        var shape = try shape(source + ".weight", 2...4)
        let inputs = shape.dropFirst().reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        if shape.count == 2 {
            // Channels of the images before it, if there are any: the first dense layer of VGG.
            let pixels = !isBehindMean && lastFilters > 0 && inputs % lastFilters == 0 ? inputs / lastFilters : 1
            shape = [shape[0], inputs / pixels, pixels, 1]
        } else if shape.count == 3 {
            throw FileError(.content, file: file.path, "the tensor \(source).weight has the shape \(shape)")
        }
        let kernel = Self.lastAxisFirst(try file.values(source + ".weight"), shape)
        lastFilters = 0
        add(
            name,
            [("kernel", [inputs, shape[0]], kernel), ("bias", [shape[0]], try vector(source + ".bias", shape[0]))])
    }

    private func vector(_ name: String, _ count: Int) throws(FileError) -> [Float] {
        guard file.tensors[name]?.shape == [count] else {
            throw FileError(.content, file: file.path, "the tensor \(name) is missing or has not \(count) values")
        }
        return try file.values(name)
    }

    /// [out, in, height, width] to [height, width, in, out].
    private static func lastAxisFirst(_ values: [Float], _ shape: [Int]) -> [Float] {
        let (filters, channels, pixels) = (shape[0], shape[1], shape[2] * shape[3])
        var result = [Float](repeating: 0, count: values.count)
        for filter in 0..<filters {
            for channel in 0..<channels {
                let row = (filter * channels + channel) * pixels
                for pixel in 0..<pixels {
                    result[(pixel * channels + channel) * filters + filter] = values[row + pixel]
                }
            }
        }
        return result
    }
}
