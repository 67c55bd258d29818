import Basics
import CIntrinsics
import CResampling

/// Resizes images as Pillow's `resize` does with antialiasing, to the same bytes but for one order of passes (docs/formats.md). One thread uses a resampler, which keeps its
/// memory from one image to the next.
public final class Resampler {
    /// A part of an image, with borders that may lie within pixels: Pillow's `box`.
    public struct Box: Equatable, Sendable {
        public var left: Double
        public var top: Double
        public var right: Double
        public var bottom: Double

        public init(left: Double, top: Double, right: Double, bottom: Double) {
            self.left = left
            self.top = top
            self.right = right
            self.bottom = bottom
        }

        /// The whole of an image.
        public init(_ size: PixelSize) {
            self.init(left: 0, top: 0, right: Double(size.width), bottom: Double(size.height))
        }

        func isInside(_ size: PixelSize) -> Bool {
            left >= 0 && top >= 0 && left < right && top < bottom && right <= Double(size.width)
                && bottom <= Double(size.height)
        }
    }

    private var rows = ResamplingAxis()
    private var columns = ResamplingAxis()
    private var between = PixelMemory()
    private let hasAVX2: Bool

    package static var processorHasAVX2: Bool { dptrain_vectors() >= Int32(dptrain_vectors_avx2) }

    public convenience init() { self.init(hasAVX2: Self.processorHasAVX2) }

    package init(hasAVX2: Bool) { self.hasAVX2 = hasAVX2 }

    /// The pixels of an image that resizing reads.
    public static func region(
        for box: Box, of image: PixelSize, to size: PixelSize, _ filter: ResamplingFilter
    ) -> PixelRect {
        let (across, down) = geometry(box, image, size, filter)
        let (columns, rows) = (across.needed, down.needed)
        return PixelRect(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }

    /// Resizes a part of an image into `output`: [size.height, size.width, channels]. The pixels that `region` names must be
    /// there.
    public func resize(
        _ pixels: PixelView, _ box: Box, to size: PixelSize, _ filter: ResamplingFilter,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        let region = Self.region(for: box, of: pixels.imageSize, to: size, filter)
        precondition(pixels.region.contains(region), "pixels that are not there")
        let (across, down) = Self.geometry(box, pixels.imageSize, size, filter)
        rows.prepare(across, firstInput: region.x)
        columns.prepare(down, firstInput: region.y)
        let channels = pixels.channels
        let first =
            pixels.base + (region.y - pixels.region.y) * pixels.rowBytes + (region.x - pixels.region.x) * channels
        guard !Self.resizesColumnsFirst(pixels.imageSize, to: size) else {
            let rowBytes = region.width * channels
            let resized = between.room(for: rowBytes * size.height)
            columns.withView {
                dptrain_resample_columns($0, first, pixels.rowBytes, rowBytes, resized, false, hasAVX2)
            }
            rows.withView {
                dptrain_resample_rows(
                    $0, resized, rowBytes, region.width, Int32(channels), size.height, output, size.width * channels,
                    hasAVX2)
            }
            return
        }
        // Vector code reads 16 bytes at a time, and writes a byte too many.
        let rowBytes = (size.width * channels + 16).rounded(upToMultipleOf: 16)
        let resized = between.room(for: rowBytes * region.height)
        rows.withView {
            dptrain_resample_rows(
                $0, first, pixels.rowBytes, region.width, Int32(channels), region.height, resized, rowBytes, hasAVX2)
        }
        columns.withView {
            dptrain_resample_columns($0, resized, rowBytes, size.width * channels, output, true, hasAVX2)
        }
    }

    /// Pillow rounds to bytes between its two passes, so their order shows. It does rows first, and columns where an image becomes
    /// lower and wider. Pillow 13 does columns first in another case, in which this does not follow it: where both sides shrink,
    /// and the height by more than twice as many pixels as the width.
    private static func resizesColumnsFirst(_ image: PixelSize, to size: PixelSize) -> Bool {
        size.height < image.height && size.width > image.width
    }

    private static func geometry(
        _ box: Box, _ image: PixelSize, _ size: PixelSize, _ filter: ResamplingFilter
    ) -> (across: ResamplingGeometry, down: ResamplingGeometry) {
        precondition(box.isInside(image) && size.width > 0 && size.height > 0, "a part of the image")
        return (
            ResamplingGeometry(
                inputs: image.width, begin: Float(box.left), end: Float(box.right), outputs: size.width,
                filter: filter),
            ResamplingGeometry(
                inputs: image.height, begin: Float(box.top), end: Float(box.bottom), outputs: size.height,
                filter: filter)
        )
    }
}
