import MessagePassing

/// What a step's reduction has to carry between the ranks.
public struct ReductionTraffic: Sendable {
    /// Milliseconds in which messages were under way. With computation between the calls that move messages on, longer
    /// than the network alone would need.
    public private(set) var time: Double
    /// Sent by the rank that sends most.
    public private(set) var bytes: Int

    public var bytesPerSecond: Double { time > 0 ? Double(bytes) / time * 1000 : 0 }

    /// Collective: the largest figures of all ranks.
    mutating func combine(over communicator: Communicator) throws {
        let all = try communicator.allGather([time, Double(bytes)])
        time = all.map { $0[0] }.max() ?? 0
        bytes = Int(all.map { $0[1] }.max() ?? 0)
    }
}
