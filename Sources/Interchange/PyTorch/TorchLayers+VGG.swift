import Basics

/// VGG of torchvision and timm, with or without batch normalisation:
///
///     features.7, .8                   block2_conv2, block2_conv2_bn      a pooling stands where a number is left out
///     classifier.0, .3, .6             fc1, fc2, predictions              torchvision
///     pre_logits.fc1, .fc2, head.fc    fc1, fc2, predictions              timm
extension TorchLayers.Family {
    static let vgg = Self(name: "VGG", sign: "features.0.weight") { (layers) throws(FileError) in
        let numbers = layers.imageKernels.compactMap { name -> Int? in
            let parts = name.split(separator: ".")
            return parts.count == 3 && parts[0] == "features" && parts[2] == "weight" ? Int(parts[1]) : nil
        }.sorted()
        let normalizes = layers.has("features.\((numbers.first ?? 0) + 1)")
        // A convolution, perhaps a normalisation, and a ReLU.
        let distance = normalizes ? 3 : 2
        var (block, place, last) = (1, 0, numbers.first ?? 0)
        for number in numbers {
            (block, place) = number - last > distance ? (block + 1, 1) : (block, place + 1)
            last = number
            let name = "block\(block)_conv\(place)"
            try layers.addConvolution("features.\(number)", name)
            if normalizes { try layers.addNormalization("features.\(number + 1)", name + "_bn", epsilon: 1e-3) }
        }
        let tops =
            layers.has("head.fc")
            ? ["pre_logits.fc1", "pre_logits.fc2", "head.fc"] : ["classifier.0", "classifier.3", "classifier.6"]
        for (source, target) in zip(tops, ["fc1", "fc2", "predictions"]) where layers.has(source) {
            try layers.addDense(source, target, isBehindMean: false)
        }
    }
}
