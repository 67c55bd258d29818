import Basics

/// DenseNet of torchvision and timm:
///
///     features.conv0, .norm0                      conv1_conv, conv1_bn
///     features.denseblock2.denselayer3.norm1      conv3_block3_0_bn
///     features.denseblock2.denselayer3.conv1      conv3_block3_1_conv
///     features.denseblock2.denselayer3.norm2      conv3_block3_1_bn
///     features.denseblock2.denselayer3.conv2      conv3_block3_2_conv
///     features.transition2.norm, .conv            pool3_bn, pool3_conv
///     features.norm5, classifier                  bn, predictions
extension TorchLayers.Family {
    static let denseNet = Self(name: "DenseNet", sign: "features.conv0.weight") { (layers) throws(FileError) in
        try layers.addConvolution("features.conv0", "conv1_conv")
        try layers.addNormalization("features.norm0", "conv1_bn")
        for block in 1...4 {
            var layer = 1
            while layers.has("features.denseblock\(block).denselayer\(layer).conv1") {
                let source = "features.denseblock\(block).denselayer\(layer)"
                let target = "conv\(block + 1)_block\(layer)"
                try layers.addNormalization("\(source).norm1", "\(target)_0_bn")
                try layers.addConvolution("\(source).conv1", "\(target)_1_conv")
                try layers.addNormalization("\(source).norm2", "\(target)_1_bn")
                try layers.addConvolution("\(source).conv2", "\(target)_2_conv")
                layer += 1
            }
            if layers.has("features.transition\(block).conv") {
                try layers.addNormalization("features.transition\(block).norm", "pool\(block + 1)_bn")
                try layers.addConvolution("features.transition\(block).conv", "pool\(block + 1)_conv")
            }
        }
        try layers.addNormalization("features.norm5", "bn")
        if layers.has("classifier") { try layers.addDense("classifier", "predictions") }
    }
}
