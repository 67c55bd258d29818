import Basics
import MessagePassing

/// Partial sums on their way between partners, and their sum along the tree. The partners are ranks (`TreeExchange`), or nodes
/// (`NodeTreeExchange`). Where the bucket plan says so, what travels is rounded to bf16, in half the bytes.
final class PartialTransfer {
    /// The memory that it takes, in elements.
    struct Room {
        /// Partial sums of this partner, of all, and of the one that has most.
        let own: Int
        let all: Int
        let most: Int
        /// Where each bucket's partial sums of other partners are received.
        let offsets: [Int]
        let received: Int
        /// The elements that travel rounded; 0 where nothing travels.
        let rounded: Int

        /// `partials`: how many each partner has. `owned`: this rank's slice of each bucket.
        init(partials: [Int], partner: Int, owned: [Range<Int>], roundedCount: Int) {
            let (own, all) = (partials[partner], partials.reduce(0, +))
            var end = 0
            offsets = owned.map { slice in
                defer { end += (all - own) * slice.count }
                return end
            }
            (self.own, self.all, most) = (own, all, partials.max() ?? 1)
            received = end
            rounded = roundedCount
        }

        var bytes: Int {
            received * MemoryLayout<Float>.stride
                + (rounded > 0 ? RoundedPartials.bytes(count: rounded, levels: own, total: all) : 0)
        }
    }

    private let room: Room
    private let buckets: BucketPlan
    private let communicator: Communicator
    private let messages: BucketMessages
    private let receiveBuffer: AlignedBuffer<Float>
    private let rounded: RoundedPartials?
    private let stack: PartialStack

    /// `communicator` has the partners. `messages` are those of the exchange.
    init(_ room: Room, _ buckets: BucketPlan, _ communicator: Communicator, _ messages: BucketMessages) {
        (self.room, self.buckets, self.communicator, self.messages) = (room, buckets, communicator, messages)
        receiveBuffer = AlignedBuffer(count: room.received)
        rounded = room.rounded > 0 ? RoundedPartials(count: room.rounded, levels: room.own, total: room.all) : nil
        stack = PartialStack(capacity: room.all)
        messages.use([receiveBuffer])
        if let rounded { messages.use(rounded.packed) }
    }

    /// Sends each partner its slice of this partner's partial sums, so many as `partials`, of `range` in `bucket`. `arena` is
    /// that of a partial sum; if there is none to send, its first one does not matter.
    func start(
        _ bucket: Int, _ range: Range<Int>, _ schedule: TreeSchedule, partials: Int,
        arena: (_ level: Int) -> UnsafeMutablePointer<Float>
    ) throws {
        messages.begin(.gradients, bucket)
        let receive = receiveBuffer.baseAddress + room.offsets[bucket]
        if let rounded, buckets.isRounded(bucket) {
            for level in 0..<partials { rounded.pack(arena(level), range, level: level) }
            try start(bucket, schedule, receive: words(receive)) {
                rounded.packed[$0 < partials ? $0 : 0].baseAddress + range.lowerBound
            }
        } else {
            try start(bucket, schedule, receive: receive) { arena($0 < partials ? $0 : 0) + range.lowerBound }
        }
    }

    private func start<T: MessageElement>(
        _ bucket: Int, _ schedule: TreeSchedule, receive: UnsafeMutablePointer<T>,
        from send: (_ level: Int) -> UnsafeMutablePointer<T>
    ) throws {
        for level in 0..<schedule.exchanges {
            let layout = schedule.sendLayout(bucket: bucket, level: level)
            let request = try communicator.startAllToAllV(
                send: send(level), layout, receive: receive, schedule.receiveLayout(bucket: bucket, level: level))
            messages.addGradients(request, bucket, part: level, bytes: layout.total * MemoryLayout<T>.stride)
        }
    }

    /// Adds the partial sums of all partners in `slice` of `bucket`. Answers where the sum begins; what was rounded is added
    /// into `own`.
    func sum(
        _ bucket: Int, _ slice: Range<Int>, _ schedule: TreeSchedule, endsInRoot: Bool,
        own: UnsafeMutablePointer<Float>,
        arena: (_ level: Int) -> UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        let received = receiveBuffer.baseAddress + room.offsets[bucket]
        if let rounded, buckets.isRounded(bucket) {
            let target = own + slice.lowerBound
            rounded.add(schedule.partials, endsInRoot: endsInRoot, received: words(received), slice, into: target)
            return target
        }
        return stack.add(schedule.partials, additions: { $0.additions }) { partial in
            partial.place.map { received + $0 * slice.count } ?? arena(partial.level) + slice.lowerBound
        } add: {
            add($1, into: $0, count: slice.count)
        }
    }

    /// The receive area of a bucket whose partial sums travel rounded.
    private func words(_ values: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(values).assumingMemoryBound(to: UInt16.self)
    }
}
