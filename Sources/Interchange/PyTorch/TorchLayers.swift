import Basics
import FileFormats

/// The layers of a PyTorch `state_dict` under the names of the zoo, with weights in Keras's shapes. Known are the names of
/// torchvision and of timm for ResNet and VGG:
///
///     conv1, bn1                       conv1_conv, conv1_bn
///     layer3.1.conv2, .bn2             conv4_block2_2_conv, conv4_block2_2_bn
///     layer3.0.downsample.0, .1        conv4_block1_0_conv, conv4_block1_0_bn
///     fc                               predictions
///
///     features.7, .8                   block2_conv2, block2_conv2_bn      a pooling stands where a number is left out
///     classifier.0, .3, .6             fc1, fc2, predictions              torchvision
///     pre_logits.fc1, .fc2, head.fc    fc1, fc2, predictions              timm
///
/// Kernels of convolutions are [out, in, height, width] there and [height, width, in, out] here, those of dense layers [out,
/// in] and [in, out]. A dense layer behind images reads channel by channel there, and pixel by pixel here.
struct TorchLayers {
    private let file: SafetensorsFile
    private(set) var layers: [KerasWeightsFile.Layer] = []
    private var lastFilters = 0

    init(_ file: SafetensorsFile) throws(FileError) {
        self.file = file
        if file.tensors["layer1.0.conv1.weight"] != nil {
            try readResNet()
        } else if file.tensors["features.0.weight"] != nil {
            try readVGG()
        } else {
            throw FileError(
                .content, file: file.path, "its names are not those of a ResNet or VGG of torchvision or timm",
                remedy: "it has \(file.tensors.keys.sorted().listed(atMost: 8))")
        }
    }

    /// Of files without a classifier.
    private func has(_ name: String) -> Bool { file.tensors[name + ".weight"] != nil }

    private mutating func readResNet() throws(FileError) {
        // The bottlenecks of the zoo have biases, as Keras's have.
        let usesBias = has("layer1.0.conv3")
        try addConvolution("conv1", "conv1_conv", addsBias: usesBias)
        try addNormalization("bn1", "conv1_bn")
        for stage in 1...4 {
            var block = 0
            while has("layer\(stage).\(block).conv1") {
                let (source, target) = ("layer\(stage).\(block)", "conv\(stage + 1)_block\(block + 1)")
                if has("\(source).downsample.0") {
                    try addConvolution("\(source).downsample.0", "\(target)_0_conv", addsBias: usesBias)
                    try addNormalization("\(source).downsample.1", "\(target)_0_bn")
                }
                for number in 1...3 where has("\(source).conv\(number)") {
                    try addConvolution("\(source).conv\(number)", "\(target)_\(number)_conv", addsBias: usesBias)
                    try addNormalization("\(source).bn\(number)", "\(target)_\(number)_bn")
                }
                block += 1
            }
        }
        if has("fc") { try addDense("fc", "predictions") }
    }

    private mutating func readVGG() throws(FileError) {
        let numbers = file.tensors.filter { $0.value.shape.count == 4 }.keys.compactMap { name -> Int? in
            let parts = name.split(separator: ".")
            return parts.count == 3 && parts[0] == "features" && parts[2] == "weight" ? Int(parts[1]) : nil
        }.sorted()
        let normalizes = has("features.\((numbers.first ?? 0) + 1)")
        // A convolution, perhaps a normalisation, and a ReLU.
        let distance = normalizes ? 3 : 2
        var (block, place, last) = (1, 0, numbers.first ?? 0)
        for number in numbers {
            (block, place) = number - last > distance ? (block + 1, 1) : (block, place + 1)
            last = number
            let name = "block\(block)_conv\(place)"
            try addConvolution("features.\(number)", name, addsBias: false)
            if normalizes { try addNormalization("features.\(number + 1)", name + "_bn", epsilon: 1e-3) }
        }
        let tops =
            has("head.fc")
            ? ["pre_logits.fc1", "pre_logits.fc2", "head.fc"] : ["classifier.0", "classifier.3", "classifier.6"]
        for (source, target) in zip(tops, ["fc1", "fc2", "predictions"]) where has(source) {
            try addDense(source, target)
        }
    }

    // MARK: Layers

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

    private mutating func addConvolution(_ source: String, _ name: String, addsBias: Bool) throws(FileError) {
        let shape = try shape(source + ".weight", 4...4)
        lastFilters = shape[0]
        var weights = [
            (
                "kernel", [shape[2], shape[3], shape[1], shape[0]],
                Self.lastAxisFirst(try file.values(source + ".weight"), shape)
            )
        ]
        if file.tensors[source + ".bias"] != nil {
            weights.append(("bias", [shape[0]], try vector(source + ".bias", shape[0])))
        } else if addsBias {
            weights.append(("bias", [shape[0]], [Float](repeating: 0, count: shape[0])))
        }
        add(name, weights)
    }

    /// `epsilon` is the zoo's if it is not PyTorch's, 1e-5: the factor then makes up for it.
    private mutating func addNormalization(_ source: String, _ name: String, epsilon: Float? = nil) throws(FileError) {
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

    /// A dense layer, which may be stored as a convolution of the whole image.
    private mutating func addDense(_ source: String, _ name: String) throws(FileError) {
        var shape = try shape(source + ".weight", 2...4)
        let inputs = shape.dropFirst().reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        if shape.count == 2 {
            // Channels of the images before it, if there are any: the first dense layer of VGG.
            let pixels = lastFilters > 0 && inputs % lastFilters == 0 ? inputs / lastFilters : 1
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
