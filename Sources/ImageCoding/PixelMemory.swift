import Basics

/// Memory that is kept from one image to the next, and grows where one needs more.
struct PixelMemory {
    /// Whoever uses the memory keeps it by this.
    private(set) var buffer = AlignedBuffer<UInt8>(count: 0)

    mutating func room(for bytes: Int) -> UnsafeMutablePointer<UInt8> {
        if buffer.count < bytes { buffer = AlignedBuffer(count: bytes) }
        return buffer.baseAddress
    }
}
