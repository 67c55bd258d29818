import Basics

/// MobileNetV2 of torchvision, whose blocks are 1x1, depthwise, 1x1:
///
///     features.0.0, .1                 Conv1, bn_Conv1
///     features.1.conv.0.0, .0.1        expanded_conv_depthwise, _BN
///     features.1.conv.1, .2            expanded_conv_project, _BN
///     features.3.conv.0.0, .0.1        block_2_expand, _BN
///     features.3.conv.1.0, .1.1        block_2_depthwise, _BN
///     features.3.conv.2, .3            block_2_project, _BN
///     features.18.0, .1                Conv_1, Conv_1_bn
///     classifier.1                     predictions
extension TorchLayers.Family {
    static let mobileNetV2 = Self(name: "MobileNetV2", sign: "features.1.conv.0.0.weight") {
        (layers) throws(FileError) in
        try layers.addConvolution("features.0.0", "Conv1")
        try layers.addNormalization("features.0.1", "bn_Conv1")
        var number = 1
        while layers.has("features.\(number).conv.0.0") {
            let source = "features.\(number).conv"
            let expands = layers.has("\(source).1.0")
            var parts = [(expands ? "\(source).1.0" : "\(source).0.0", expands ? "\(source).1.1" : "\(source).0.1")]
            if expands { parts.insert(("\(source).0.0", "\(source).0.1"), at: 0) }
            let last = expands ? 2 : 1
            parts.append(("\(source).\(last)", "\(source).\(last + 1)"))
            try layers.addMobileBlock(parts, number - 1)
            number += 1
        }
        try layers.addConvolution("features.\(number).0", "Conv_1")
        try layers.addNormalization("features.\(number).1", "Conv_1_bn")
        if layers.has("classifier.1") { try layers.addDense("classifier.1", "predictions") }
    }
}

extension TorchLayers {
    /// The first of two or three parts is the depthwise convolution, or one before it.
    mutating func addMobileBlock(_ parts: [Normalized], _ number: Int) throws(FileError) {
        let block = number == 0 ? "expanded_conv_" : "block_\(number)_"
        for (part, name) in zip(parts, ["expand", "depthwise", "project"].suffix(parts.count)) {
            if name == "depthwise" {
                try addDepthwise(part.convolution, block + name)
            } else {
                try addConvolution(part.convolution, block + name)
            }
            try addNormalization(part.normalization, "\(block)\(name)_BN")
        }
    }
}
