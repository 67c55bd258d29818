import Basics

/// ConvNeXt-T of torchvision, and of timm, under the names of keras.applications:
///
///     features.0.0, .1          stem.0, .1                       stem_conv, stem_layernorm
///     features.2.0, .1          stages.1.downsample.0, .1        downsampling_layernorm_0, downsampling_conv_0
///     features.3.2.block.0      stages.1.blocks.2.conv_dw        stage_1_block_2_depthwise_conv
///                    .block.2                    .norm                          _layernorm
///                    .block.3                    .mlp.fc1                       _pointwise_conv_1
///                    .block.5                    .mlp.fc2                       _pointwise_conv_2
///                    .layer_scale                .gamma                         _layer_scale
///     classifier.0, .2          head.norm, .fc                   head_layernorm, head_dense
extension TorchLayers.Family {
    static let convNeXt = Self(name: "ConvNeXt", sign: "features.1.0.layer_scale") { (layers) throws(FileError) in
        try layers.addConvNeXt(
            stem: "features.0.0", "features.0.1", downsampling: { ("features.\(2 * $0).0", "features.\(2 * $0).1") },
            block: { stage, block in
                let name = "features.\(2 * stage + 1).\(block)"
                return ConvNeXtBlockNames(
                    depthwise: name + ".block.0", normalization: name + ".block.2", first: name + ".block.3",
                    second: name + ".block.5", scale: name + ".layer_scale")
            }, head: ("classifier.0", "classifier.2"))
    }

    static let timmConvNeXt = Self(name: "ConvNeXt", sign: "stages.0.blocks.0.gamma") { (layers) throws(FileError) in
        try layers.addConvNeXt(
            stem: "stem.0", "stem.1",
            downsampling: { ("stages.\($0).downsample.0", "stages.\($0).downsample.1") },
            block: { stage, block in
                let name = "stages.\(stage).blocks.\(block)"
                return ConvNeXtBlockNames(
                    depthwise: name + ".conv_dw", normalization: name + ".norm", first: name + ".mlp.fc1",
                    second: name + ".mlp.fc2", scale: name + ".gamma")
            }, head: ("head.norm", "head.fc"))
    }
}

/// The tensors of a block.
private struct ConvNeXtBlockNames {
    let depthwise, normalization, first, second, scale: String
}

extension TorchLayers {
    fileprivate mutating func addConvNeXt(
        stem: String, _ stemNormalization: String, downsampling: (Int) -> (normalization: String, convolution: String),
        block names: (_ stage: Int, _ block: Int) -> ConvNeXtBlockNames, head: (normalization: String, dense: String)
    ) throws(FileError) {
        let prefix = "convnext_tiny_"
        try addConvolution(stem, prefix + "stem_conv")
        try addLayerNormalization(stemNormalization, prefix + "stem_layernorm")
        for stage in 0..<4 {
            if stage > 0 {
                let (normalization, convolution) = downsampling(stage)
                try addLayerNormalization(normalization, prefix + "downsampling_layernorm_\(stage - 1)")
                try addConvolution(convolution, prefix + "downsampling_conv_\(stage - 1)")
            }
            var block = 0
            while has(names(stage, block).depthwise) {
                let (names, target) = (names(stage, block), prefix + "stage_\(stage)_block_\(block)_")
                try addConvolution(names.depthwise, target + "depthwise_conv")
                try addLayerNormalization(names.normalization, target + "layernorm")
                try addDense(names.first, target + "pointwise_conv_1")
                try addDense(names.second, target + "pointwise_conv_2")
                try addChannelScale(names.scale, target + "layer_scale")
                block += 1
            }
        }
        guard has(head.dense) else { return }
        try addLayerNormalization(head.normalization, prefix + "head_layernorm")
        try addDense(head.dense, prefix + "head_dense")
    }
}
