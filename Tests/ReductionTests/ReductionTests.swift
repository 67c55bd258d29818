import Basics
import MessagePassing
import Reduction
import Testing

@Suite struct ReductionTreeTests {
    /// A sum written down: "((0+1)+2)".
    private func text(_ shards: Int, present: (Int) -> Bool = { _ in true }) -> String? {
        ReductionTree(shards: shards).sum({ present($0) ? String($0) : nil }, combine: { "(\($0)+\($1))" })
    }

    @Test func treesAreThoseOfTheShardNumbers() {
        #expect(text(1) == "0")
        #expect(text(3) == "((0+1)+2)")
        #expect(text(8) == "(((0+1)+(2+3))+((4+5)+(6+7)))")
        #expect(text(13) == "((((0+1)+(2+3))+((4+5)+(6+7)))+(((8+9)+(10+11))+12))")
    }

    @Test func emptyShardsArePassedBy() {
        #expect(text(8, present: { $0 < 3 }) == "((0+1)+2)")
        #expect(text(8, present: { $0 == 2 || $0 == 5 }) == "(2+5)")
        #expect(text(8, present: { _ in false }) == nil)
        let sum = ReductionTree(shards: 4).sum([-0.0, nil, nil, nil] as [Float?], combine: +)
        #expect(sum?.sign == .minus, "+0 was added to -0")
    }

    @Test(arguments: 1...17) func stackProgramAddsAsTheTree(shards: Int) {
        for pattern in 0..<UInt64(60) {
            let random = CounterRandom(seed: pattern, purpose: .split)
            let present = (0..<shards).filter { pattern == 0 || random.uniform(UInt64($0)) < 0.6 }
            var stack: [String] = []
            for (node, additions) in zip(present, ReductionTree.additions(after: present)) {
                stack.append(String(node))
                for _ in 0..<additions {
                    let right = stack.removeLast()
                    stack.append("(\(stack.removeLast())+\(right))")
                }
            }
            #expect(stack == (text(shards, present: present.contains).map { [$0] } ?? []))
        }
    }

    @Test(arguments: 1...17) func subtreesOfAllRanksAreAlignedAndTileTheTree(shards: Int) {
        let tree = ReductionTree(shards: shards)
        for ranks in 1...shards {
            let partition = ShardPartition(shards: shards, ranks: ranks)
            var next = 0
            for rank in 0..<ranks {
                let range = partition.shards(of: rank)
                #expect(next == range.lowerBound)
                for node in tree.subtrees(of: range) {
                    #expect(node.lowerBound == next && node.count.nonzeroBitCount == 1 && next % node.count == 0)
                    next = node.upperBound
                }
                #expect(rank == ranks - 1 ? next == tree.width : next == range.upperBound)
            }
        }
    }

    @Test func alignedRangesAreOneSubtree() {
        let tree = ReductionTree(shards: 13)
        #expect(tree.subtrees(of: 0..<13) == [0..<16])
        #expect(tree.subtrees(of: 0..<7) == [0..<4, 4..<6, 6..<7])
        #expect(tree.subtrees(of: 7..<13) == [7..<8, 8..<16])
    }

    @Test func levelsNeededByARank() {
        func levels(_ shards: Int, _ ranks: Int, _ rank: Int) -> Int {
            ShardProgram.sums(ShardPartition(shards: shards, ranks: ranks), rank: rank).levelCount
        }
        #expect(levels(1, 1, 0) == 1)
        #expect(levels(8, 1, 0) == 4)
        #expect(levels(8, 8, 5) == 1)
        #expect(levels(8, 2, 1) == 3)
        #expect(levels(8, 3, 1) == 3)
    }
}

@Suite struct BucketPlanTests {
    @Test func aBucketEndsWhereRoundingEnds() {
        let plan = BucketPlan(
            count: 4096, cuts: [0, 64, 128, 256, 320, 4080], ranks: 2, targetBytes: 1024, roundedCount: 320)
        #expect(plan.buckets.prefix(2) == [0..<256, 256..<320])
        #expect(plan.buckets.indices.filter { plan.isRounded($0) } == [0, 1])
        #expect(plan.buckets.last?.upperBound == 4096)
        let all = BucketPlan(count: 4096, cuts: [0], ranks: 2, roundedCount: 4096)
        #expect(all.buckets.indices.allSatisfy { all.isRounded($0) })
    }

    @Test func smallParametersShareABucketAndLargeOnesAreCut() {
        let plan = BucketPlan(count: 4096, cuts: [0, 64, 128, 256, 320, 4080], ranks: 2, targetBytes: 1024)
        #expect(plan.buckets.first == 0..<256)
        #expect(plan.buckets.dropLast().allSatisfy { (256..<512).contains($0.count) })
        #expect(plan.buckets.last == 4080..<4096)
    }

    @Test(arguments: [1, 2, 3, 8, 40]) func bucketsTileTheArenaAndSlicesTileBuckets(ranks: Int) {
        let plan = BucketPlan(count: 10_000, cuts: [0, 16, 1600, 4000, 9984], ranks: ranks, targetBytes: 4096)
        var next = 0
        for (bucket, range) in plan.buckets.enumerated() {
            for rank in 0..<ranks {
                let slice = plan.slice(bucket, of: rank)
                #expect(slice.lowerBound == next && slice.count % BucketPlan.unit == 0)
                next = slice.upperBound
            }
            #expect(next == range.upperBound)
        }
        #expect(next == plan.count)
    }

    @Test func bucketsStayBelowMPIsCounts() {
        let count = 6_000_000_000.rounded(upToMultipleOf: 16)
        let plan = BucketPlan(count: count, cuts: [0], ranks: 2, targetBytes: .max)
        #expect(plan.buckets.allSatisfy { $0.count <= Int(Int32.max) })
        #expect(plan.buckets.last?.upperBound == count)
    }
}

@Suite struct ExchangePlanTests {
    private func plan(_ kind: ExchangeKind, shards: Int, ranks: Int, rank: Int, rounded: Int = 0) -> ExchangePlan {
        let buckets = BucketPlan(
            count: 4096, cuts: [1024, 2048], ranks: ranks, targetBytes: 4096, roundedCount: rounded)
        return ExchangePlan(
            kind.type, ShardPartition(shards: shards, ranks: ranks), buckets, parameterCount: 4112, rank: rank,
            NodeMap(ranks: ranks))
    }

    @Test(arguments: 1...5) func ownersOfTheTreeTileTheArena(ranks: Int) {
        let owners = (0..<ranks).map { plan(.tree, shards: 8, ranks: ranks, rank: $0).ownership }
        let ranges = owners.flatMap(\.ranges).filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
        #expect(ranges.reduce(0) { $1.lowerBound == $0 ? $1.upperBound : -1 } == 4096)
        #expect(owners.map(\.count).reduce(0, +) == 4096)
        #expect(owners.allSatisfy { $0.isReplicated == (ranks == 1) })
    }

    @Test func everyRankOwnsEverythingThatMPIReduces() {
        let ownership = plan(.allreduce, shards: 8, ranks: 3, rank: 1).ownership
        #expect(ownership.isReplicated && ownership.count == 4096)
    }

    @Test func memoryIsThatOfTheRank() {
        let alone = plan(.tree, shards: 8, ranks: 1, rank: 0).memory
        #expect(alone.parameters == 4112 * 4 && alone.gradients == 4 * 4096 * 4 && alone.messages == 0)
        // Seven partial sums of an eighth of the arena.
        let one = plan(.tree, shards: 8, ranks: 8, rank: 2).memory
        #expect(one.gradients == 4096 * 4 && one.messages == 7 * 512 * 4)
        // Besides, its own partial sum in bf16, and a block of 1,024 elements of each partial sum.
        let rounded = plan(.tree, shards: 8, ranks: 8, rank: 2, rounded: 2048).memory
        #expect(rounded.messages == one.messages + 2048 * 2 + 8 * 1024 * 4)
        #expect(plan(.allreduce, shards: 8, ranks: 2, rank: 0).memory.messages == 0)
    }

    @Test func anOwnedArenaStoresAndReturnsWhatTheRankOwns() {
        let ownership = plan(.tree, shards: 8, ranks: 3, rank: 1).ownership
        let arena = OwnedArena(ownership, initialValue: 0.5)
        let values = (0..<4096).map { Float($0) }
        values[1500...].withUnsafeBufferPointer { arena.store($0, at: 1500) }
        for element in ownership.ranges.joined() {
            #expect(arena.address(of: element).pointee == (element < 1500 ? 0.5 : Float(element)))
        }
    }
}

@Suite struct ReductionWaitsTests {
    /// What a rank waits longer than the one that waits least, it waits for slower ranks. The sum stays.
    @Test func whatOneRankDoesNotWaitForIsNoCommunication() {
        var waits = ReductionWaits(slowerRanks: 1, withinNode: 2, betweenNodes: 6)
        #expect(waits.total == 9)
        #expect(
            waits.knowing(leastForCommunication: 2)
                == ReductionWaits(slowerRanks: 7, withinNode: 0.5, betweenNodes: 1.5))
        #expect(waits.knowing(leastForCommunication: 0) == ReductionWaits(slowerRanks: 9))
        #expect(waits.knowing(leastForCommunication: 8) == waits)
        #expect(waits.knowing(leastForCommunication: 10) == waits)
        #expect(ReductionWaits().knowing(leastForCommunication: 0) == ReductionWaits())
        waits[.withinNode] += 1
        #expect((waits - ReductionWaits(withinNode: 1)).total == 9)
        #expect((waits + waits)[.betweenNodes] == 12)
    }
}
