import Basics

/// ResNet and ResNeXt of torchvision and timm:
///
///     conv1, bn1                       conv1_conv, conv1_bn
///     layer3.1.conv2, .bn2             conv4_block2_2_conv, conv4_block2_2_bn
///     layer3.0.downsample.0, .1        conv4_block1_0_conv, conv4_block1_0_bn
///     fc                               predictions
extension TorchLayers.Family {
    static let resNet = Self(name: "ResNet", sign: "layer1.0.conv1.weight") { (layers) throws(FileError) in
        // The bottlenecks of the zoo have biases, as Keras's have, unless they are grouped.
        let addsBias = layers.has("layer1.0.conv3") && !layers.isGrouped("layer1.0.conv2", behind: "layer1.0.conv1")
        try layers.addConvolution("conv1", "conv1_conv", addsBias: addsBias)
        try layers.addNormalization("bn1", "conv1_bn")
        for stage in 1...4 {
            var block = 0
            while layers.has("layer\(stage).\(block).conv1") {
                let (source, target) = ("layer\(stage).\(block)", "conv\(stage + 1)_block\(block + 1)")
                if layers.has("\(source).downsample.0") {
                    try layers.addConvolution("\(source).downsample.0", "\(target)_0_conv", addsBias: addsBias)
                    try layers.addNormalization("\(source).downsample.1", "\(target)_0_bn")
                }
                for number in 1...3 where layers.has("\(source).conv\(number)") {
                    try layers.addConvolution("\(source).conv\(number)", "\(target)_\(number)_conv", addsBias: addsBias)
                    try layers.addNormalization("\(source).bn\(number)", "\(target)_\(number)_bn")
                }
                block += 1
            }
        }
        if layers.has("fc") { try layers.addDense("fc", "predictions") }
    }
}
