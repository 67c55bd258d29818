import CMPI

/// Memory that the ranks of one node share: each rank has a part, which all of them can read and write where it lies.
///
/// What one rank has written others see after they have both called `synchronize`, with a message or a barrier in between.
/// The memory lives until the process ends.
public final class SharedWindow<Element: MessageElement> {
    /// The parts, by rank in the communicator. Each begins at a multiple of 64 bytes, and is zero at first.
    public let parts: [UnsafeMutableBufferPointer<Element>]
    private let window: MPI_Win
    private let node: Communicator

    private static var alignment: Int { 64 }

    /// `count`: the elements of this rank's part. `node`: ranks that share a node (`NodeMap`). Collective.
    public init(count: Int, _ node: Communicator) throws {
        let counts = try node.allGather([Int64(count)]).joined().map { Int($0) }
        let stride = MemoryLayout<Element>.stride
        let (bytes, overflows) = count.multipliedReportingOverflow(by: stride)
        guard !overflows, bytes < Int.max - Self.alignment else {
            throw node.failure("MPI_Win_allocate_shared", "\(count) elements are more than memory can hold")
        }
        var window: MPI_Win?
        var base: UnsafeMutableRawPointer?
        // MPI aligns parts as it likes. Pages have the same offset in every process, so all ranks round up alike.
        let size = bytes + Self.alignment
        try node.wait("MPI_Win_allocate_shared") {
            MPI_Win_allocate_shared(size, 1, cmpi_info_null(), node.handle, &base, &window)
        }
        guard let window else { throw node.failure("MPI_Win_allocate_shared", "it returned no window") }
        try node.check(MPI_Win_lock_all(MPI_MODE_NOCHECK, window), "MPI_Win_lock_all")
        var parts: [UnsafeMutableBufferPointer<Element>] = []
        for (rank, count) in counts.enumerated() {
            var (size, unit, base) = (0, Int32(0), UnsafeMutableRawPointer?.none)
            try node.check(MPI_Win_shared_query(window, Int32(rank), &size, &unit, &base), "MPI_Win_shared_query")
            guard let start = base?.alignedUp(toMultipleOf: Self.alignment), size >= count * stride else {
                throw node.failure("MPI_Win_shared_query", "it returned no memory of rank \(rank) of the node")
            }
            let elements = start.bindMemory(to: Element.self, capacity: count)
            parts.append(UnsafeMutableBufferPointer(start: elements, count: count))
        }
        (self.parts, self.window, self.node) = (parts, window, node)
        // The first to write to a page decides in whose memory it lies.
        UnsafeMutableRawBufferPointer(parts[node.rank]).initializeMemory(as: UInt8.self, repeating: 0)
        try barrier()
    }

    /// Makes this rank's writes visible to others, and theirs to this rank.
    public func synchronize() throws { try node.check(MPI_Win_sync(window), "MPI_Win_sync") }

    /// Returns when all ranks of the node have called it, and see what the others had written. Collective.
    public func barrier() throws {
        try synchronize()
        try node.barrier()
        try synchronize()
    }
}
