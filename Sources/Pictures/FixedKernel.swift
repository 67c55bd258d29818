/// 3x3 kernels that were known before any was learned: they find edges, sharpen and blur.
public enum FixedKernel: String, CaseIterable, Sendable {
    case identity
    case edgesDiagonal = "edges-diagonal"
    /// The Laplace operator over 4 neighbours, and over 8.
    case edges
    case edgesStrong = "edges-strong"
    case sharpen
    case boxBlur = "box-blur"
    case gaussianBlur = "gaussian-blur"

    /// Row by row; a pixel becomes the sum of its neighbours times these.
    public var weights: [Float] {
        switch self {
        case .identity: [0, 0, 0, 0, 1, 0, 0, 0, 0]
        case .edgesDiagonal: [1, 0, -1, 0, 0, 0, -1, 0, 1]
        case .edges: [0, 1, 0, 1, -4, 1, 0, 1, 0]
        case .edgesStrong: [-1, -1, -1, -1, 8, -1, -1, -1, -1]
        case .sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0]
        case .boxBlur: [1, 1, 1, 1, 1, 1, 1, 1, 1].map { $0 / 9 }
        case .gaussianBlur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map { $0 / 16 }
        }
    }

    /// What the kernel makes of a picture, [height, width, channels]: each channel on its own, zeros around the picture, so
    /// that the result is of the same size.
    public func applied(to picture: Picture) -> [Float] {
        let (width, height, channels) = (picture.width, picture.height, picture.channels)
        let weights = weights
        var result = [Float](repeating: 0, count: picture.bytes.count)
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<channels {
                    var sum: Float = 0
                    for dy in max(-1, -y)...min(1, height - 1 - y) {
                        for dx in max(-1, -x)...min(1, width - 1 - x) {
                            let pixel = picture.bytes[((y + dy) * width + x + dx) * channels + c]
                            sum += weights[(dy + 1) * 3 + dx + 1] * Float(pixel)
                        }
                    }
                    result[(y * width + x) * channels + c] = sum
                }
            }
        }
        return result
    }

    /// The same as a picture: rounded, and what is below 0 or above 255 cut off.
    public func callAsFunction(_ picture: Picture) -> Picture {
        Picture(
            width: picture.width, height: picture.height, channels: picture.channels,
            bytes: applied(to: picture).map { UInt8(min(max($0, 0), 255).rounded()) })
    }
}
