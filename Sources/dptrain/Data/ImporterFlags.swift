import ArgumentParser
import DatasetCreation
import ImageCoding
import ImportFormats

/// The options that importers declare, as flags. ArgumentParser learns a type's flags from its mirror; here the mirror has one
/// for each option.
struct ImporterFlags: ParsableArguments, CustomReflectable {
    /// What was given, by name; of a switch "".
    let values: [String: String]

    init() { values = [:] }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: FlagKey.self)
        var values: [String: String] = [:]
        for option in ImporterList.options {
            if option.value == nil {
                if try container.decode(Flag<Bool>.self, forKey: FlagKey(option.name)).wrappedValue {
                    values[option.name] = ""
                }
            } else {
                values[option.name] = try container.decode(Option<String?>.self, forKey: FlagKey(option.name))
                    .wrappedValue
            }
        }
        self.values = values
    }

    var customMirror: Mirror {
        Mirror(
            self,
            children: ImporterList.options.map { option in
                let name = NameSpecification.customLong(option.name)
                let flag: Any =
                    if let value = option.value {
                        Option<String?>(name: name, help: ArgumentHelp("\(option.help)", valueName: value))
                    } else {
                        Flag<Bool>(wrappedValue: false, name: name, help: "\(option.help)")
                    }
                return (option.name, flag)
            })
    }
}

/// How image files become samples.
struct ImageFileFlags: ParsableArguments {
    enum BadImages: String, ExpressibleByArgument, CaseIterable { case error, skip }

    @Option(
        help: ArgumentHelp(
            "store pixels, of this height and width: the shorter side is resized, and the middle cut out",
            valueName: "32 or 32x48"))
    var size: String?

    @Option(
        help: ArgumentHelp("write all files anew as JPEG, with a shorter side of at most this", valueName: "pixels"))
    var resize: Int?

    @Option(help: ArgumentHelp("quality of JPEG files that are written anew, 1 to 100", valueName: "percent"))
    var quality = ImageOptions().quality

    @Flag(help: "store one channel instead of three")
    var grey = false

    @Option(help: "end at an image that cannot be used, or leave it out and list it in the file")
    var onBadImage = BadImages.error

    @Option(help: ArgumentHelp("refuse larger images before they are decoded", valueName: "pixels"))
    var maxPixels = ImageOptions().maxPixels

    @Option(help: ArgumentHelp("write so many files, name-00001-of-00064.h5 and so on", valueName: "n"))
    var parts: Int?

    @Option(help: ArgumentHelp("the same, each from about so many bytes of images", valueName: "500M, 2G"))
    var partSize: String?

    mutating func validate() throws {
        if size != nil, pixelSize == nil {
            throw ValidationError("--size \(size ?? "") is neither a side nor height x width, 1 to 4096")
        }
        if let resize, !(1...65_535).contains(resize) {
            throw ValidationError("--resize \(resize) is not in 1...65535")
        }
        if size != nil, resize != nil {
            throw ValidationError("--size and --resize exclude each other: pixels of one size, or smaller files")
        }
        guard (1...100).contains(quality) else { throw ValidationError("--quality \(quality) is not in 1...100") }
        guard (1...1 << 31).contains(maxPixels) else {
            throw ValidationError("--max-pixels \(maxPixels) is not in 1...\(1 << 31)")
        }
        if parts != nil, partSize != nil { throw ValidationError("--parts and --part-size exclude each other") }
        if let parts, !(1...99_999).contains(parts) { throw ValidationError("--parts \(parts) is not in 1...99999") }
        if partSize != nil, partBytes == nil {
            throw ValidationError("--part-size \(partSize ?? "") is no size from 1K on, such as 500M or 2G")
        }
    }

    var options: ImageOptions {
        var options = ImageOptions()
        options.size = pixelSize
        options.shortestSide = resize
        options.quality = quality
        options.isGrey = grey
        options.skipsBadImages = onBadImage == .skip
        options.maxPixels = maxPixels
        options.parts = parts.map { .count($0) } ?? partBytes.map { .bytes($0) }
        return options
    }

    private var pixelSize: PixelSize? {
        guard let sides = size?.split(separator: "x", omittingEmptySubsequences: false).map({ Int($0) ?? 0 }),
            (1...2).contains(sides.count), sides.allSatisfy({ (1...4096).contains($0) })
        else { return nil }
        return PixelSize(width: sides[sides.count - 1], height: sides[0])
    }

    private var partBytes: Int? {
        guard let text = partSize?.uppercased() else { return nil }
        let digits = text.prefix(while: \.isNumber)
        let units = ["K": 10, "M": 20, "G": 30, "T": 40]
        let unit = text.dropFirst(digits.count).prefix(1)
        guard let shift = units[String(unit)], let number = Int(digits), (1...1 << 20).contains(number),
            ["", "B", "IB"].contains(String(text.dropFirst(digits.count + 1)))
        else { return nil }
        return number << shift
    }
}
