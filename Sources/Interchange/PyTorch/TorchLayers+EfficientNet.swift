import Basics

/// EfficientNet of torchvision:
///
///     features.0.0, .1                 stem_conv, stem_bn
///     features.2.1.block.0.0, .1       block2b_expand_conv, _expand_bn    no such part in stage 1
///     features.2.1.block.1.0, .1       block2b_dwconv, _bn
///     features.2.1.block.2.fc1, .fc2   block2b_se_reduce, _se_expand
///     features.2.1.block.3.0, .1       block2b_project_conv, _project_bn
///     features.8.0, .1                 top_conv, top_bn
///     classifier.1                     predictions
extension TorchLayers.Family {
    static let efficientNet = Self(
        name: "EfficientNet", sign: "features.1.0.block.0.0.weight"
    ) { (layers) throws(FileError) in
        try layers.addConvolution("features.0.0", "stem_conv")
        try layers.addNormalization("features.0.1", "stem_bn")
        var stage = 1
        while layers.has("features.\(stage).0.block.0.0") {
            for (block, letter) in zip(0..., "abcdefghijklmnopqrstuvwxyz") {
                let source = "features.\(stage).\(block).block"
                guard layers.has("\(source).0.0") else { break }
                let first = layers.has("\(source).3.0") ? 1 : 0
                let excitation = "\(source).\(first + 1)"
                try layers.addEfficientBlock(
                    expansion: first == 1 ? ("\(source).0.0", "\(source).0.1") : nil,
                    depthwise: ("\(source).\(first).0", "\(source).\(first).1"),
                    excitation: ("\(excitation).fc1", "\(excitation).fc2"),
                    projection: ("\(source).\(first + 2).0", "\(source).\(first + 2).1"), "block\(stage)\(letter)_")
            }
            stage += 1
        }
        try layers.addConvolution("features.\(stage).0", "top_conv")
        try layers.addNormalization("features.\(stage).1", "top_bn")
        if layers.has("classifier.1") { try layers.addDense("classifier.1", "predictions") }
    }
}

extension TorchLayers {
    mutating func addEfficientBlock(
        expansion: Normalized?, depthwise: Normalized, excitation: (reduce: String, expand: String),
        projection: Normalized, _ block: String
    ) throws(FileError) {
        if let expansion {
            try addConvolution(expansion.convolution, block + "expand_conv")
            try addNormalization(expansion.normalization, block + "expand_bn")
        }
        try addDepthwise(depthwise.convolution, block + "dwconv")
        try addNormalization(depthwise.normalization, block + "bn")
        try addConvolution(excitation.reduce, block + "se_reduce")
        try addConvolution(excitation.expand, block + "se_expand")
        try addConvolution(projection.convolution, block + "project_conv")
        try addNormalization(projection.normalization, block + "project_bn")
    }
}
