/// How a batch is cut into shards, and shards are dealt to ranks: contiguous ranges whose sizes differ by at most one,
/// the larger ones first.
public struct ShardPartition: Sendable, Equatable {
    public let shards: Int
    public let ranks: Int

    public init(shards: Int, ranks: Int) {
        precondition(shards > 0 && ranks > 0 && ranks <= shards, "every rank needs a shard")
        self.shards = shards
        self.ranks = ranks
    }

    /// The shards that `rank` owns.
    public func shards(of rank: Int) -> Range<Int> { Self.part(rank, of: ranks, total: shards) }

    /// Those of them that have samples in a batch of `batch`.
    public func shards(of rank: Int, batch: Int) -> Range<Int> { shards(of: rank).clamped(to: 0..<min(batch, shards)) }

    /// The samples of `shard` in a batch of `batch` samples; empty where the batch is smaller than the shard number.
    public func samples(of shard: Int, batch: Int) -> Range<Int> { Self.part(shard, of: shards, total: batch) }

    /// The part that thing `index` of `total` is in, if they are cut into `parts`.
    public static func part(of index: Int, among parts: Int, total: Int) -> Int {
        let (size, larger) = total.quotientAndRemainder(dividingBy: parts)
        let inLarger = larger * (size + 1)
        return index < inLarger ? index / (size + 1) : larger + (index - inLarger) / size
    }

    /// Part `index` of `total` things cut into `parts`.
    public static func part(_ index: Int, of parts: Int, total: Int) -> Range<Int> {
        let (size, larger) = total.quotientAndRemainder(dividingBy: parts)
        let start = index * size + min(index, larger)
        return start..<start + size + (index < larger ? 1 : 0)
    }
}
