import Basics
import MessagePassing

/// The messages under way, by bucket. Each bucket has some messages for gradients and one for weights.
final class BucketMessages {
    /// Seconds in which messages were under way.
    private(set) var activeSeconds = 0.0
    /// Bytes this rank gave to MPI for other ranks.
    private(set) var bytesSent = 0
    var trace: ReductionTrace?

    /// Places 0..<buckets*gradientMessages hold the messages of gradients. Behind them is one place for each bucket, for
    /// its message of weights.
    private let requests: RequestSet
    private let gradientMessages: Int
    private let gradientPlaces: Int
    /// Messages of gradients under way, by bucket.
    private var missing: [Int]
    /// By `BootClock`.
    private var activeSince: UInt64?
    private var memory: [AnyObject] = []

    /// `gradientMessages`: the largest number of messages for a bucket's gradients.
    init(buckets: Int, gradientMessages: Int, _ communicator: Communicator) {
        self.gradientMessages = gradientMessages
        gradientPlaces = buckets * gradientMessages
        missing = Array(repeating: 0, count: buckets)
        requests = RequestSet(capacity: buckets * (gradientMessages + 1), communicator)
    }

    /// If messages are under way, an error has ended a step in its middle, and the process is about to end. Until then MPI
    /// uses the messages' memory, so it is not freed.
    deinit {
        guard requests.inFlight > 0 else { return }
        for owner in memory { _ = Unmanaged.passRetained(owner) }
    }

    /// `owners`: memory that messages read or write.
    func use(_ owners: [AnyObject]) { memory += owners }

    var isIdle: Bool { inFlight == 0 }
    var inFlight: Int { requests.inFlight }

    /// The gradients or the weights of `bucket` are about to be sent.
    func begin(_ message: ReductionTrace.Message, _ bucket: Int) {
        if message == .gradients { missing[bucket] = 0 }
        trace?.messageStarted(message, bucket: bucket)
    }

    /// `part` counts the bucket's messages of gradients.
    func addGradients(_ request: Request, _ bucket: Int, part: Int = 0, bytes: Int) {
        insert(request, at: bucket * gradientMessages + part, bytes: bytes)
        missing[bucket] += 1
    }

    func addWeights(_ request: Request, _ bucket: Int, bytes: Int) {
        insert(request, at: gradientPlaces + bucket, bytes: bytes)
    }

    func hasArrived(_ bucket: Int) -> Bool { missing[bucket] == 0 }

    /// Moves messages on.
    func progress() throws { note(try requests.testSome()) }

    /// Waits for a message.
    func wait(_ cause: WaitCause) throws {
        let (start, missing) = (BootClock.now, requests.inFlight)
        let completed = try requests.waitSome()
        trace?.waited(cause, missing: missing, from: start)
        note(completed)
    }

    private func insert(_ request: Request, at place: Int, bytes: Int) {
        if requests.inFlight == 0 { activeSince = BootClock.now }
        requests.insert(request, at: place)
        bytesSent += bytes
    }

    /// Takes note of messages that have arrived.
    private func note(_ places: UnsafeBufferPointer<Int32>) {
        for place in places.lazy.map({ Int($0) }) {
            if place >= gradientPlaces {
                trace?.messageEnded(.weights, bucket: place - gradientPlaces)
                continue
            }
            let bucket = place / gradientMessages
            missing[bucket] -= 1
            if missing[bucket] == 0 { trace?.messageEnded(.gradients, bucket: bucket) }
        }
        if requests.inFlight == 0, let start = activeSince {
            activeSeconds += BootClock.seconds(since: start)
            activeSince = nil
        }
    }
}
