import Basics

/// Settings of a training that is known to work, or that a paper describes: a configuration file that comes with the
/// program. Options of the command line and of `--config` override it.
public struct Recipe: Sendable {
    public let name: String
    /// The file as it is: `--config` takes it too.
    public let toml: String

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        toml = String(decoding: bytes, as: UTF8.self)
    }

    /// The first line of the file, which is a comment.
    public var summary: String { String(toml.prefix { $0 != "\n" }.drop { "# ".contains($0) }) }

    public static let all = [
        Recipe("lenet-mnist", PackageResources.lenet_mnist_toml),
        Recipe("alexnet", PackageResources.alexnet_toml),
        Recipe("vgg", PackageResources.vgg_toml),
        Recipe("googlenet", PackageResources.googlenet_toml),
        Recipe("bn-inception", PackageResources.bn_inception_toml),
        Recipe("inception-v3", PackageResources.inception_v3_toml),
        Recipe("resnet-cifar", PackageResources.resnet_cifar_toml),
        Recipe("resnet-cifar-110", PackageResources.resnet_cifar_110_toml),
        Recipe("wide-resnet-cifar", PackageResources.wide_resnet_cifar_toml),
        Recipe("cifar-fast", PackageResources.cifar_fast_toml),
        Recipe("fashion-mnist-fast", PackageResources.fashion_mnist_fast_toml),
        Recipe("fashion-mnist-wide", PackageResources.fashion_mnist_wide_toml),
        Recipe("resnet-imagenet", PackageResources.resnet_imagenet_toml),
        Recipe("resnet-imagenet-a3", PackageResources.resnet_imagenet_a3_toml),
        Recipe("resnet-imagenet-torchvision", PackageResources.resnet_imagenet_torchvision_toml),
        Recipe("cats-dogs", PackageResources.cats_dogs_toml),
        Recipe("vgg16-transfer", PackageResources.vgg16_transfer_toml),
        Recipe("resnet50-transfer", PackageResources.resnet50_transfer_toml),
        Recipe("resnet50-cifar100", PackageResources.resnet50_cifar100_toml),
    ]

    public static func named(_ name: String) throws(OptionError) -> Recipe {
        guard let recipe = all.first(where: { $0.name == name }) else {
            let names = all.map(\.name)
            throw OptionError(
                "recipe",
                "there is no recipe \(name)\(suggestion(for: name, among: names)); there are \(names.joined(separator: ", "))"
            )
        }
        return recipe
    }
}
