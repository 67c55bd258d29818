import Pictures
import Testing

@Suite struct FixedKernelTests {
    /// A picture of 5x5 inside a border of zeros, sharpened: its first value is 5 * 60 - 113 - 73.
    private let example = Picture(
        width: 5, height: 5, channels: 1,
        bytes: [
            60, 113, 56, 139, 85,
            73, 121, 54, 84, 128,
            131, 99, 70, 129, 127,
            80, 57, 115, 69, 134,
            104, 126, 123, 95, 130,
        ])

    @Test func sharpeningAPaddedPicture() {
        let sharp = FixedKernel.sharpen.applied(to: example)
        #expect(sharp.count == 25)
        #expect(sharp[0] == 114)
        #expect(sharp[6] == 5 * 121 - 113 - 73 - 54 - 99)
        #expect(sharp[24] == 5 * 130 - 95 - 134)
        // 3 * 5 + 1: 5 * 57 - 99 - 80 - 115 - 126 is negative, and black.
        #expect(FixedKernel.sharpen(example).bytes[16] == 0)
    }

    @Test func identityChangesNothing() {
        #expect(FixedKernel.identity(example) == example)
    }

    @Test(arguments: [FixedKernel.boxBlur, .gaussianBlur])
    func blursKeepWhatIsEven(_ kernel: FixedKernel) {
        let even = Picture(width: 6, height: 4, channels: 3, fill: 90)
        let blurred = kernel(even)
        // Zeros come in at the border only.
        #expect(blurred.bytes[(1 * 6 + 2) * 3] == 90)
        #expect(blurred.bytes[0] == (kernel == .boxBlur ? 40 : 51))
    }

    @Test(arguments: [FixedKernel.edges, .edgesStrong, .edgesDiagonal])
    func edgesAreWherePixelsDiffer(_ kernel: FixedKernel) {
        var picture = Picture(width: 8, height: 5, channels: 1, fill: 10)
        let even = kernel.applied(to: picture)
        #expect(even[2 * 8 + 2] == 0)
        for y in 0..<3 { for x in 4..<8 { picture.bytes[y * 8 + x] = 200 } }
        let edge = kernel.applied(to: picture)
        #expect(edge[2 * 8 + 1] == 0)
        #expect(edge[2 * 8 + 4] != 0)
    }

    /// Of several channels each is on its own.
    @Test func channelsDoNotMix() {
        let bytes = example.bytes.flatMap { [$0, 0, 255 - $0] as [UInt8] }
        let coloured = FixedKernel.sharpen.applied(to: Picture(width: 5, height: 5, channels: 3, bytes: bytes))
        let grey = FixedKernel.sharpen.applied(to: example)
        #expect((0..<25).allSatisfy { coloured[$0 * 3] == grey[$0] && coloured[$0 * 3 + 1] == 0 })
    }
}
