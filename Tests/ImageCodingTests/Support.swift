import Foundation
import HDF5Storage
import ImageCoding

/// The images of `Golden/generate.py`.
enum Golden {
    static func group(_ name: String) throws -> Group {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/images.h5").path
        return try HDF5File.open(path).root.group(name)
    }

    /// The image of a decoding case.
    static func encoded(_ name: String) throws -> [UInt8] {
        try group("decode/" + name).dataset("encoded").read(as: UInt8.self)
    }
}

/// Pixels with memory of their own.
struct Pixels: Equatable {
    let size: PixelSize
    let channels: Int
    var bytes: [UInt8]

    init(_ dataset: Dataset) throws {
        size = PixelSize(width: dataset.shape[1], height: dataset.shape[0])
        channels = dataset.shape[2]
        bytes = try dataset.read(as: UInt8.self)
    }

    init(_ view: PixelView) { self.init(view, view.region) }

    init(_ view: PixelView, _ rect: PixelRect) {
        size = rect.size
        channels = view.channels
        bytes = view.copy(rect)
    }

    /// Lends them as an image.
    func withView<Result>(_ body: (PixelView) throws -> Result) throws -> Result {
        try bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { throw ImageError.truncated }
            return try body(PixelView(base, size, channels: channels))
        }
    }

    /// The largest difference of two values; nil for pixels of another shape.
    func difference(from other: Pixels) -> Int? {
        guard size == other.size, channels == other.channels else { return nil }
        return zip(bytes, other.bytes).map { abs(Int($0) - Int($1)) }.max()
    }
}

extension ImageDecoder {
    func pixels(
        _ bytes: [UInt8], channels: Int = 3, reduction: Reduction = .none, region: PixelRect? = nil,
        upright: Bool = false
    ) throws -> Pixels {
        try bytes.withUnsafeBytes { bytes in
            let view = try decode(
                bytes, channels: channels, reduction: reduction, region: region, upright: upright)
            return Pixels(view, region ?? view.region)
        }
    }
}

extension ImageHeader {
    init(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws {
        self = try bytes.withUnsafeBytes { try ImageHeader($0, limits: limits) }
    }
}
