import Basics

/// What a reducer tells of each bucket: when its messages were under way, and when the computing thread updated its
/// weights or waited.
public final class ReductionTrace {
    /// What travels for a bucket.
    public enum Message: Int {
        /// Partial sums of gradients.
        case gradients
        /// New weights.
        case weights
    }

    private let compute: SpanBuffer
    private let messages: SpanBuffer
    private let updateLabel: Int32
    /// By cause.
    private let waitLabels: [Int32]
    private let messageLabels: [Int32]
    /// When the message under way was started, two a bucket.
    private var started: [UInt64]

    package init(compute: SpanBuffer, messages: SpanBuffer, buckets: Int) {
        self.compute = compute
        self.messages = messages
        updateLabel = compute.label(.init("update", "sum and update", numbering: "bucket"))
        waitLabels = WaitCause.allCases.map {
            compute.label(.init("reduction", "wait \($0.words)", numbering: "missing"))
        }
        messageLabels = ["gradients", "weights"].map {
            messages.label(.init("reduction", $0, numbering: "bucket"))
        }
        started = Array(repeating: 0, count: 2 * buckets)
    }

    func messageStarted(_ message: Message, bucket: Int) { started[2 * bucket + message.rawValue] = BootClock.now }

    func messageEnded(_ message: Message, bucket: Int) {
        messages.record(messageLabels[message.rawValue], bucket, from: started[2 * bucket + message.rawValue])
    }

    func updated(bucket: Int, from begin: UInt64) { compute.record(updateLabel, bucket, from: begin) }

    /// `missing`: messages still under way when the wait began.
    func waited(_ cause: WaitCause, missing: Int, from begin: UInt64) {
        compute.record(waitLabels[cause.rawValue], missing, from: begin)
    }
}
