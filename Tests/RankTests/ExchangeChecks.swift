import Basics
import MessagePassing
import Reduction

/// What exchanges share: updates that are held back, and norms over slices.
var exchangeChecks: [RankCheck] {
    let types: [any GradientExchange.Type] = [
        TreeExchange.self, AllReduceExchange.self, RootExchange.self, NodeTreeExchange.self,
    ]
    return [
        RankCheck("an exchange that rank 0 does alone has the bits of the serial tree") { check in
            for shards in [1, 3, 8, 13] where shards >= check.size {
                try ReducerTrial(check, shards: shards, type: RootExchange.self).run(batches: [4 * shards, 1, shards])
            }
        },
        RankCheck("an exchange in memory that ranks share has the bits of the serial tree") { check in
            if check.size == 1 { return }
            for shards in [1, 3, 8, 13] where shards >= check.size {
                for nodes in nodeMaps(ranks: check.size) {
                    for rounded in [0, 1056, 8208] {
                        let trial = try ReducerTrial(
                            check, shards: shards, type: NodeTreeExchange.self, roundedCount: rounded, nodes: nodes)
                        try trial.run(batches: [4 * shards, 1, shards, shards - 1].filter { $0 > 0 })
                        let parameters = trial.exchangePlan.memory.parameters
                        let isFirst = nodes.neighbours(of: check.rank)[0] == check.rank
                        check.expect(parameters > 0, equals: isFirst, "who takes memory for the parameters")
                        check.expect(
                            trial.reducer.bytesSent > 0,
                            equals: nodes.nodes.count > 1 && isOwner(check.rank, nodes), "who sends, on \(nodes.nodes)")
                    }
                }
            }
        },
        RankCheck("updates that are held back until a norm is known give the same bits") { check in
            let shards = 2 * check.size + 1
            for type in types {
                let gate = try NormGate(check, shards: shards, type)
                try ReducerTrial(check, shards: shards, type: type, gate: gate).run(batches: [4 * shards, 1, shards])
                check.expect(gate.opened, equals: 3, "\(type): how often the gate opened")
                check.expect(gate.lastNorm > 0, "\(type): the norm is \(gate.lastNorm)")
            }
        },
        RankCheck("a gradient that is not finite on one rank leaves the weights of all ranks as they were") { check in
            let shards = 2 * check.size
            for type in types {
                let gate = try NormGate(check, shards: shards, type)
                let trial = try ReducerTrial(check, shards: shards, type: type, gate: gate)
                try trial.run(batches: [shards])
                let before = Array(trial.parameters.elements)
                var refused = false
                do { try trial.runStep(1, batch: shards, poisoned: 7001) } catch is NormGate.NotFinite {
                    refused = true
                }
                check.expect(refused, "\(type): the step ended as if nothing had happened")
                check.expect(Array(trial.parameters.elements) == before, "\(type): weights have changed")
            }
        },
        RankCheck("a norm has the same bits for every way to cut slices") { check in
            // Shorter than a block, whole blocks, more than a block, and a last one with one group of 16.
            let parameters = [0..<16, 16..<8208, 8208..<9232, 9232..<29_712, 29_712..<33_824]
            let random = CounterRandom(seed: 3, purpose: .generatedData)
            let values = (0..<33_824).map { random.uniform(UInt64($0), in: -2..<2) }
            let expected = parameters.map { squaredNorm(values[$0]) }
            for type in types {
                for (bytes, nodes) in zip([1024, 16_384, 65_536, 1 << 20], nodeMaps(ranks: check.size)) {
                    let plan = BucketPlan(
                        count: values.count, cuts: parameters.map(\.lowerBound), ranks: check.size, targetBytes: bytes)
                    let ownership = SliceOwnership(type, plan, nodes, rank: check.rank)
                    let norms = try SquaredNorms(parameters, ownership)
                    // Twice: nothing is left of the first time.
                    for _ in 0..<2 {
                        for range in ownership.ranges {
                            values[range].withUnsafeBufferPointer { slice in
                                if let start = slice.baseAddress { norms.add(range, start) }
                            }
                        }
                        try norms.combine(check.world)
                        check.expect(norms.squares == expected, "\(type), \(bytes) bytes: \(norms.squares)")
                        check.expect(norms.total, equals: expected.reduce(0, +), "\(type), \(bytes) bytes: all")
                    }
                }
            }
        },
    ]
}

/// Ranks on one node, on two, on nodes of different sizes, and each on its own.
func nodeMaps(ranks: Int) -> [NodeMap] {
    [
        NodeMap(ranks: ranks), NodeMap(labels: (0..<ranks).map { $0 < ranks / 2 ? 0 : 1 }),
        NodeMap(labels: (0..<ranks).map { $0 == ranks - 1 ? 1 : 0 }), NodeMap(labels: Array(0..<ranks)),
    ]
}

/// Whether the rank has a place that every node has.
private func isOwner(_ rank: Int, _ nodes: NodeMap) -> Bool {
    let place = nodes.neighbours(of: rank).firstIndex(of: rank) ?? 0
    return place < (nodes.nodes.map(\.count).min() ?? 0)
}

/// As `SquaredNorms` defines it, element by element.
private func squaredNorm(_ values: ArraySlice<Float>) -> Double {
    var norm = 0.0
    for block in stride(from: values.startIndex, to: values.endIndex, by: 4096) {
        var sum = 0.0
        for group in stride(from: block, to: min(block + 4096, values.endIndex), by: 16) {
            var squares = SIMD16<Float>()
            for lane in 0..<16 { squares[lane] = values[group + lane] * values[group + lane] }
            sum += Double(squares.sum())
        }
        norm += Double(Float(sum))
    }
    return norm
}

/// Lets updates pass once it knows the norm of all gradients, if that is finite.
final class NormGate: UpdateGate {
    struct NotFinite: Error {}

    private(set) var isOpen = false
    private(set) var opened = 0
    private(set) var lastNorm = 0.0
    private let norms: SquaredNorms
    private let world: Communicator

    init(_ check: CheckContext, shards: Int, _ type: any GradientExchange.Type) throws {
        world = check.world
        let plan = ReducerTrial.plan(ranks: check.size)
        norms = try SquaredNorms(
            [0..<plan.count], SliceOwnership(type, plan, check.world.nodeMap(), rank: check.rank))
    }

    func look(at range: Range<Int>, _ sum: UnsafeMutablePointer<Float>) {
        isOpen = false
        norms.add(range, sum)
    }

    func open() throws -> Bool {
        try norms.combine(world)
        guard norms.total.isFinite else { throw NotFinite() }
        lastNorm = norms.total.squareRoot()
        opened += 1
        isOpen = true
        return true
    }
}
