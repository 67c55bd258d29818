/// Adds partial sums where they lie, in the order of the tree: a stack of their addresses. After each one pushed, the value on
/// top is added some times into the one below it.
final class PartialStack {
    private let addresses: UnsafeMutablePointer<UnsafeMutablePointer<Float>>

    /// `capacity`: the largest number of partial sums.
    init(capacity: Int) { addresses = .allocate(capacity: capacity) }

    deinit { addresses.deallocate() }

    /// Returns where the sum lies: where the first one lay. `add` adds the second into the first.
    @inline(__always)
    func add<Partial>(
        _ partials: [Partial], additions: (Partial) -> Int, address: (Partial) -> UnsafeMutablePointer<Float>,
        add: (_ sum: UnsafeMutablePointer<Float>, _ value: UnsafePointer<Float>) -> Void
    ) -> UnsafeMutablePointer<Float> {
        var height = 0
        for partial in partials {
            addresses[height] = address(partial)
            height += 1
            for _ in 0..<additions(partial) {
                add(addresses[height - 2], addresses[height - 1])
                height -= 1
            }
        }
        return addresses[0]
    }
}
