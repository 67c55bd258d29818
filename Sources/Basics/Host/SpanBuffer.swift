import Synchronization

/// Spans of time as one thread records them, in memory set aside beforehand: recording takes two clock readings and no
/// lock, and what does not fit is counted and dropped.
///
/// One thread labels and records. Any thread may end the recording, and read what was recorded by then: spans below
/// `count` never change again, and `count` is published after them.
public final class SpanBuffer: @unchecked Sendable {
    public struct Label: Sendable, Hashable {
        /// What kind of work it is.
        public let category: String
        public let name: String
        /// What a span's number counts: `shard`, `step`, ...
        public let numbering: String

        public init(_ category: String, _ name: String, numbering: String) {
            self.category = category
            self.name = name
            self.numbering = numbering
        }
    }

    public struct Span: Sendable, BitwiseCopyable {
        /// Index in `labels`.
        public var label: Int32
        public var number: Int32
        /// By `BootClock`.
        public var begin: UInt64
        public var end: UInt64
    }

    public private(set) var labels: [Label] = []
    private let spans: AlignedBuffer<Span>
    private let recorded = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    private let open = Atomic<Bool>(true)

    public init(capacity: Int, labels: [Label] = []) {
        spans = AlignedBuffer(count: capacity)
        self.labels = labels
    }

    public var count: Int { recorded.load(ordering: .acquiring) }
    /// Spans that found no room.
    public var dropped: Int { lost.load(ordering: .relaxed) }
    /// False once the recording has ended: nobody need look at the clock any more.
    public var isRecording: Bool { open.load(ordering: .relaxed) }

    /// Not while steps run: it may allocate.
    public func label(_ label: Label) -> Int32 {
        if let known = labels.firstIndex(of: label) { return Int32(known) }
        labels.append(label)
        return Int32(labels.count - 1)
    }

    public func record(_ label: Int32, _ number: Int, from begin: UInt64, to end: UInt64 = BootClock.now) {
        guard isRecording else { return }
        let count = recorded.load(ordering: .relaxed)
        guard count < spans.count else {
            lost.wrappingAdd(1, ordering: .relaxed)
            return
        }
        spans.baseAddress[count] = Span(label: label, number: Int32(truncatingIfNeeded: number), begin: begin, end: end)
        recorded.store(count + 1, ordering: .releasing)
    }

    public func endRecording() { open.store(false, ordering: .relaxed) }

    public subscript(index: Int) -> Span { spans[index] }
}
