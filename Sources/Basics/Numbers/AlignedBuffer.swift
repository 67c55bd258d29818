/// Memory for `count` elements, aligned to 64 bytes (a cache line and a vector register), zero at birth.
///
/// The buffer owns its memory, or keeps alive who does, and hands out raw views. It does not synchronise: whoever shares one between
/// threads names the guard.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    public static var alignment: Int { 64 }

    public let count: Int
    public let baseAddress: UnsafeMutablePointer<Element>
    /// Who frees the memory, if not the buffer.
    private let owner: AnyObject?

    public init(count: Int) {
        let bytes = max(count * MemoryLayout<Element>.stride, 1)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        self.count = count
        self.baseAddress = raw.assumingMemoryBound(to: Element.self)
        owner = nil
    }

    /// A view of memory that `owner` frees when the last buffer of it has gone: part of a larger block, or shared with other
    /// processes. `address` is aligned as other buffers are.
    public init(count: Int, at address: UnsafeMutablePointer<Element>, of owner: AnyObject) {
        precondition(Int(bitPattern: address) % Self.alignment == 0, "memory that is not aligned")
        self.count = count
        baseAddress = address
        self.owner = owner
    }

    deinit {
        if owner == nil { UnsafeMutableRawPointer(baseAddress).deallocate() }
    }

    public var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: baseAddress, count: count)
    }

    public var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(elements) }

    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "index outside the buffer")
            return baseAddress[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside the buffer")
            baseAddress[index] = newValue
        }
    }

    public subscript(range: Range<Int>) -> UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(rebasing: elements[range])
    }
}

extension Int {
    /// The smallest multiple of `unit` that is not below this value.
    @inlinable
    public func rounded(upToMultipleOf unit: Int) -> Int { (self + unit - 1) / unit * unit }

    /// This value divided by `divisor`, rounded up.
    @inlinable
    public func dividedRoundingUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}
