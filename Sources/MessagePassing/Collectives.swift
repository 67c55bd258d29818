import CMPI

/// Blocking collectives. All of them are called by every rank, in the same order.
extension Communicator {
    /// Returns when every rank has called it.
    public func barrier() throws {
        try wait("MPI_Barrier") { cmpi_barrier(handle) }
    }

    /// Copies `root`'s elements to all ranks; the count is the same everywhere. What MPI cannot count, such as the bytes
    /// of a large checkpoint, goes in parts.
    public func broadcast<T: MessageElement>(_ buffer: UnsafeMutableBufferPointer<T>, from root: Int = 0) throws {
        let type = T.messageKind.datatype
        let most = 1 << 30
        for start in stride(from: 0, to: buffer.count, by: most) {
            let part = UnsafeMutableBufferPointer(rebasing: buffer[start..<min(start + most, buffer.count)])
            try wait("MPI_Bcast") { cmpi_broadcast(part.baseAddress, Int32(part.count), type, Int32(root), handle) }
        }
    }

    /// `root`'s values, whatever their number; what the other ranks give is ignored.
    public func broadcast<T: MessageElement>(_ values: [T], from root: Int = 0) throws -> [T] {
        var length: [Int64] = [Int64(values.count)]
        try length.withUnsafeMutableBufferPointer { try broadcast($0, from: root) }
        var result = values
        if rank != root { result = Self.array(count: Int(length[0])) }
        try result.withUnsafeMutableBufferPointer { try broadcast($0, from: root) }
        return result
    }

    /// Replaces every element by its sum over the ranks, in an order of MPI's choice: for floating point the result
    /// depends on the number of ranks.
    public func allReduceSum<T: MessageElement>(_ buffer: UnsafeMutableBufferPointer<T>) throws {
        let count = try count(buffer.count, "MPI_Allreduce")
        let type = T.messageKind.datatype
        try wait("MPI_Allreduce") { cmpi_allreduce_sum(buffer.baseAddress, count, type, handle) }
    }

    /// The sum of `value` over all ranks.
    public func allReduceSum<T: MessageElement>(_ value: T) throws -> T {
        var sum = value
        try withUnsafeMutablePointer(to: &sum) {
            try allReduceSum(UnsafeMutableBufferPointer(start: $0, count: 1))
        }
        return sum
    }

    /// Fills `buffer`, in which each rank has written its own part, with the parts of all, as `layout` has them.
    public func allGather<T: MessageElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, _ layout: RankLayout) throws
    {
        precondition(layout.total <= buffer.count, "the parts are more than the whole")
        let stride = MemoryLayout<T>.stride
        if let sharedGather, let start = buffer.baseAddress, layout.largest <= SharedGather.largest / stride {
            watch.during(.waiting) { sharedGather.gather(start, layout, stride: stride) }
            return
        }
        let type = T.messageKind.datatype
        try wait("MPI_Allgatherv") {
            cmpi_allgatherv(buffer.baseAddress, layout.counts, layout.offsets, type, handle)
        }
    }

    /// Every rank's values, by rank; ranks may give different numbers of them.
    public func allGather<T: MessageElement>(_ values: [T]) throws -> [[T]] {
        let counts = try self.counts(values.count)
        let start = counts[..<rank].reduce(0, +)
        var all: [T] = Self.array(count: counts.reduce(0, +))
        try all.withUnsafeMutableBufferPointer { buffer in
            _ = UnsafeMutableBufferPointer(rebasing: buffer[start...]).update(from: values)
            try allGather(inPlace: buffer, RankLayout(counts: counts))
        }
        return Self.split(all, counts)
    }

    /// Every rank's values on `root`, by rank; an empty array on the others.
    public func gather<T: MessageElement>(_ values: [T], to root: Int = 0) throws -> [[T]] {
        let counts = try self.counts(values.count)
        let layout = try RankLayout(counts: rank == root ? counts : counts.map { _ in 0 })
        var all: [T] = Self.array(count: rank == root ? counts.reduce(0, +) : 0)
        try values.withUnsafeBufferPointer { part in
            try all.withUnsafeMutableBufferPointer { try gather(part, into: $0.baseAddress, layout, to: root) }
        }
        return rank == root ? Self.split(all, counts) : []
    }

    /// Gathers every rank's part into `buffer` on `root`, where `layout` says where each belongs.
    public func gather<T: MessageElement>(
        _ part: UnsafeBufferPointer<T>, into buffer: UnsafeMutablePointer<T>?, _ layout: RankLayout, to root: Int = 0
    ) throws {
        let own = try count(part.count, "MPI_Gatherv")
        let type = T.messageKind.datatype
        try wait("MPI_Gatherv") {
            cmpi_gatherv(
                part.baseAddress, own, buffer, layout.counts, layout.offsets, type, Int32(root), handle)
        }
    }

    /// Every rank's `count`.
    private func counts(_ count: Int) throws -> [Int] {
        var counts = [Int64](repeating: 0, count: size)
        counts[rank] = Int64(count)
        try counts.withUnsafeMutableBufferPointer {
            try allGather(inPlace: $0, RankLayout(counts: [Int](repeating: 1, count: size)))
        }
        return counts.map { Int($0) }
    }

    private static func split<T>(_ all: [T], _ counts: [Int]) -> [[T]] {
        var start = 0
        return counts.map { count in
            defer { start += count }
            return Array(all[start..<start + count])
        }
    }

    /// An array to be received into; its elements have no meaning before.
    private static func array<T: MessageElement>(count: Int) -> [T] {
        [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, repeating: 0)
            initialized = count
        }
    }
}
