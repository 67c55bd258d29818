import Basics

/// What `--augment` asks for: transforms of training samples in the order in which they are applied.
public struct AugmentationList: Sendable, Equatable, CustomStringConvertible {
    /// All there are. A new one is a file in `Augmentations/` and a line here.
    static let known: [any Augmentation.Type] = [
        HorizontalFlip.self, VerticalFlip.self, AlternatingFlip.self,
        RandomResizedCrop.self, ScaleJitter.self, PadAndCrop.self,
        Rotation.self, WidthShift.self, HeightShift.self, Shear.self, Zoom.self,
        Brightness.self, ChannelShift.self, ColorJitter.self, Lighting.self, Grayscale.self,
        Posterize.self, Solarize.self, Autocontrast.self, Equalize.self, Sharpness.self, Invert.self,
        GaussianBlur.self, GaussianNoise.self, RandomErasing.self,
        RandAugment.self, TimmRandAugment.self, TrivialAugment.self, AutoAugment.self,
        Mixup.self, CutMix.self, MixupOrCutMix.self,
    ]

    /// Of all transforms.
    public static var names: [String] { known.map { $0.name } }

    private let augmentations: [any Augmentation]

    /// The form of the text, for help and errors.
    public static let grammar =
        "transforms of training samples, separated by commas, such as \"random-resized-crop, flip, color-jitter(0.4)\"; "
        + "`dptrain transforms` lists them"

    /// `flip` or `flip(0.5)`, several separated by commas. `option` is named in errors.
    public init(parsing text: String, option: String) throws {
        try self.init(text, option, usualPartners: .batch)
    }

    /// As a checkpoint has it. If it does not say whom samples are mixed with, its run mixed them within their shards.
    public init(stored text: String) throws { try self.init(text, "augment", usualPartners: .shard) }

    private init(_ text: String, _ option: String, usualPartners: MixingPartners) throws {
        augmentations = try Self.items(of: text.filter { $0 != " " }, option).map {
            try Self.read($0, option, usualPartners)
        }
        guard Set(mixing.map(\.partners)).count < 2 else {
            throw OptionError(option, "'\(text)' mixes samples within shards and within batches; choose one for all")
        }
    }

    private init(_ augmentations: [any Augmentation]) { self.augmentations = augmentations }

    /// As it reads back: with all parameters, so that a default that changes does not change an old run.
    public var description: String { augmentations.map(\.description).joined(separator: ", ") }

    /// What is applied, one after the other. Affine transforms that follow each other are one, so that an image is
    /// interpolated once.
    public var transforms: [any SampleTransform] {
        var result: [any SampleTransform] = []
        for augmentation in augmentations {
            if let affine = augmentation as? any AffineAugmentation {
                if let warp = (result.last as? AffineWarp)?.followed(by: affine) {
                    result[result.count - 1] = warp
                } else {
                    result.append(AffineWarp(affine))
                }
            } else {
                result.append(augmentation)
            }
        }
        return result
    }

    public var isEmpty: Bool { augmentations.isEmpty }

    private var mixing: [any MixingAugmentation] { augmentations.compactMap { $0 as? any MixingAugmentation } }

    /// Whom it mixes samples with; nil if it does not.
    public var partners: MixingPartners? { mixing.first?.partners }

    /// What stands for the transforms where samples are evaluated or predicted from.
    public var inEvaluation: [any SampleTransform] { transforms.compactMap(\.inEvaluation) }

    /// What chooses which part of an image is decoded or resized: a crop that is the first in the list. And what is left.
    public var crop: (first: (any CropAugmentation)?, rest: AugmentationList) {
        guard let first = augmentations.first as? any CropAugmentation else { return (nil, self) }
        return (first, AugmentationList(Array(augmentations.dropFirst())))
    }

    public static func == (a: AugmentationList, b: AugmentationList) -> Bool { a.description == b.description }

    /// Cuts at commas outside parentheses.
    private static func items(of text: String, _ option: String) throws(OptionError) -> [String] {
        var items = [""]
        var depth = 0
        for letter in text {
            if letter == "(" { depth += 1 } else if letter == ")" { depth -= 1 }
            guard (0...1).contains(depth) else { break }
            if letter == ",", depth == 0 { items.append("") } else { items[items.count - 1].append(letter) }
        }
        guard depth == 0, !items.contains("") else {
            throw OptionError(option, "'\(text)' is no list of transforms; expected \(grammar)")
        }
        return items
    }

    private static func read(
        _ item: String, _ option: String, _ usualPartners: MixingPartners
    ) throws(OptionError) -> any Augmentation {
        let parts = item.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let kind = known.first(where: { $0.name == name }) else {
            throw OptionError(
                option,
                "there is no transform '\(name)'; there is \(names.joined(separator: ", "))"
                    + suggestion(for: name, among: names))
        }
        guard parts.count == 1 || item.hasSuffix(")") else {
            throw OptionError(option, "'\(item)' does not end with its parameters; expected \(grammar)")
        }
        var parameters = try AugmentationParameters(
            parts.count == 1 ? "" : parts[1].dropLast(), of: name, item, option: option,
            usualPartners: usualPartners)
        let transform = try kind.init(&parameters)
        try parameters.finish()
        return transform
    }
}

/// A transform as it is listed for readers.
public struct AugmentationEntry: Sendable {
    public let name: String
    public let summary: String
    public let parameters: [AugmentationParameters.Taken]

    /// All transforms.
    public static var all: [AugmentationEntry] {
        get throws {
            try AugmentationList.known.map { kind in
                var parameters = try AugmentationParameters("", of: kind.name, kind.name, option: "augment")
                _ = try kind.init(&parameters)
                return AugmentationEntry(name: kind.name, summary: kind.summary, parameters: parameters.taken)
            }
        }
    }
}

extension AugmentationEntry {
    /// A line for the transform and one for each parameter.
    package var text: String {
        let head = "\(name)  \(summary)"
        return ([head] + parameters.map { "    \($0.name)=\($0.standard)".padded(to: 28) + "  \($0.kind)" })
            .joined(separator: "\n")
    }

    package var report: JSONValue {
        [
            "name": .string(name), "summary": .string(summary),
            "parameters": .array(
                parameters.map {
                    ["name": .string($0.name), "default": .string($0.standard), "kind": .string($0.kind)]
                }),
        ]
    }
}
