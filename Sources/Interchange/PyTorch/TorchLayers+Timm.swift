import Basics

/// MobileNetV2 and EfficientNet of timm, which names both alike. So are its files of EfficientNet that pad as Keras does
/// (`tf_efficientnet_b0`).
///
///     conv_stem, bn1                   as features.0
///     blocks.1.0.conv_pw, bn1          the 1x1 before; in stage 0 it is missing, and the others are conv_dw, bn1, conv_pw, bn2
///     blocks.1.0.conv_dw, bn2          the depthwise convolution
///     blocks.1.0.se.conv_reduce        and .se.conv_expand
///     blocks.1.0.conv_pwl, bn3         the 1x1 behind
///     conv_head, bn2, classifier       the end
extension TorchLayers.Family {
    static let timm = Self(name: "MobileNetV2", sign: "conv_stem.weight") { (layers) throws(FileError) in
        let excites = layers.has("blocks.0.0.se.conv_reduce")
        layers.tellsPadding = !excites
        try layers.addConvolution("conv_stem", excites ? "stem_conv" : "Conv1")
        try layers.addNormalization("bn1", excites ? "stem_bn" : "bn_Conv1")
        var (stage, number) = (0, 0)
        while layers.has("blocks.\(stage).0.conv_dw") {
            for (block, letter) in zip(0..., "abcdefghijklmnopqrstuvwxyz") {
                let source = "blocks.\(stage).\(block)."
                guard layers.has(source + "conv_dw") else { break }
                let expands = layers.has(source + "conv_pwl")
                let expansion = expands ? (source + "conv_pw", source + "bn1") : nil
                let depthwise = (source + "conv_dw", source + (expands ? "bn2" : "bn1"))
                let projection = (source + (expands ? "conv_pwl" : "conv_pw"), source + (expands ? "bn3" : "bn2"))
                if excites {
                    try layers.addEfficientBlock(
                        expansion: expansion, depthwise: depthwise,
                        excitation: (source + "se.conv_reduce", source + "se.conv_expand"), projection: projection,
                        "block\(stage + 1)\(letter)_")
                } else {
                    try layers.addMobileBlock([expansion, depthwise, projection].compactMap(\.self), number)
                }
                number += 1
            }
            stage += 1
        }
        try layers.addConvolution("conv_head", excites ? "top_conv" : "Conv_1")
        try layers.addNormalization("bn2", excites ? "top_bn" : "Conv_1_bn")
        if layers.has("classifier") { try layers.addDense("classifier", "predictions") }
    }
}
