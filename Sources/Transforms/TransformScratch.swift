import Basics
import ImageCoding

/// Memory in which the transforms of one reader's thread work. It is kept from one sample to the next, and grows where a
/// transform needs more.
public final class TransformScratch {
    let resampler = Resampler()
    private var rooms: [AlignedBuffer<UInt8>] = []

    package init() {}

    /// Room `number`, counted from 0, for so many bytes. It holds whatever was left there.
    func room(_ number: Int, bytes: Int) -> UnsafeMutablePointer<UInt8> {
        while rooms.count <= number { rooms.append(AlignedBuffer(count: 0)) }
        if rooms[number].count < bytes { rooms[number] = AlignedBuffer(count: bytes) }
        return rooms[number].baseAddress
    }

    /// An estimate of what it grows to, for the largest sample of a chain: two images and a resized one.
    package static func bytes(largest: Int) -> Int { 4 * largest }
}
