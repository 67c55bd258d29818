/// All models by name.
public enum Zoo {
    public static let models: [ZooModel] =
        Perceptron.models + SimpleCNN.models + LeNet.models + AlexNet.models + ZFNet.models + VGG.models
        + CIFARVGG.models + GoogLeNet.models + BNInception.models + InceptionV3.models + InceptionV4.models
        + InceptionResNet.models + CIFARResNet.models + CIFARResNetV2.models + ResNet.models + ResNetV2.models
        + Transfer.models

    public static func model(named name: String) throws(NetworkError) -> ZooModel {
        let model =
            models.first { $0.name == name } ?? CIFARResNet.model(named: name) ?? CIFARResNetV2.model(named: name)
        if let model { return model }
        let known = models.map(\.name).joined(separator: ", ")
        throw NetworkError(network: name, layer: nil, reason: "no such model; the zoo has \(known)")
    }
}
