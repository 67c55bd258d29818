import Glibc
import MessagePassing
import Training

var collectiveChecks: [RankCheck] {
    [
        RankCheck("broadcast, of each type") { check in
            try broadcast(Float(1.5), over: 0, check)
            try broadcast(Double(-2.25), over: 0, check)
            try broadcast(Int32.min, over: 0, check)
            try broadcast(Int64.max, over: 0, check)
            try broadcast(UInt8(200), over: 0, check)
        },
        RankCheck("broadcast of bytes whose number only the root knows") { check in
            for count in [0, 1, 1000] {
                let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                let root = check.size - 1
                let got = try check.world.broadcast(check.rank == root ? sent : [7, 7], from: root)
                check.expect(got, equals: sent, "\(count) bytes")
            }
        },
        RankCheck("the sum over the ranks") { check in
            var values = [Int64(check.rank), 1, Int64(check.rank * check.rank)]
            try values.withUnsafeMutableBufferPointer { try check.world.allReduceSum($0) }
            let ranks = (0..<check.size).map { Int64($0) }
            let expected = [ranks.reduce(0, +), Int64(check.size), ranks.map { $0 * $0 }.reduce(0, +)]
            check.expect(values, equals: expected, "sums")
            check.expect(try check.world.allReduceSum(0.5), equals: Double(check.size) / 2, "sum of one Double")
        },
        RankCheck("gathering arrays of different lengths, on all ranks and on one") { check in
            let own = [Float](repeating: Float(check.rank) + 0.5, count: check.rank * 3)
            let expected = (0..<check.size).map { [Float](repeating: Float($0) + 0.5, count: $0 * 3) }
            check.expect(try check.world.allGather(own), equals: expected, "all-gather")
            let root = check.size / 2
            let gathered = try check.world.gather(own, to: root)
            check.expect(gathered, equals: check.rank == root ? expected : [], "gather")
        },
        RankCheck("gathering in place") { check in
            let counts = (0..<check.size).map { $0 + 1 }
            let start = counts[..<check.rank].reduce(0, +)
            var values = [Int32](repeating: -1, count: counts.reduce(0, +))
            for i in 0..<counts[check.rank] { values[start + i] = Int32(start + i) }
            try values.withUnsafeMutableBufferPointer {
                try check.world.allGather(inPlace: $0, RankLayout(counts: counts))
            }
            check.expect(values, equals: values.indices.map { Int32($0) }, "values")
        },
        RankCheck("non-blocking collectives on two communicators, waited for in one set") { check in
            try nonBlocking(check)
        },
        RankCheck("ranks of one machine share a node, and the ranks of a part have numbers of their own") { check in
            let map = try check.world.nodeMap()
            check.expect(map, equals: NodeMap(ranks: check.size), "the nodes")
            check.expect(map.neighbours(of: check.rank), equals: Array(0..<check.size), "neighbours")
            // As if every second rank were elsewhere.
            let halves = NodeMap(labels: (0..<check.size).map { $0 % 2 })
            check.expect(
                (0..<check.size).sorted { halves.place(of: $0) < halves.place(of: $1) },
                equals: Array(halves.nodes.joined()),
                "places, node by node")
            let own = halves.neighbours(of: check.rank)
            let node = try check.world.split(by: halves.node(of: check.rank))
            check.expect(own[node.rank], equals: check.rank, "the rank's place in its node")
            check.expect(try node.allReduceSum(Int64(check.rank)), equals: Int64(own.reduce(0, +)), "a sum in the node")
            do {
                _ = try node.broadcast([UInt8(1)], from: node.size)
                check.expect(false, "a root that does not exist was accepted")
            } catch let error as MessagePassingError {
                check.expect(error.rank, equals: check.rank, "the rank that an error names")
            }
        },
        RankCheck("MPI's own files in memory have lost their names, so that nothing is left of killed ranks") { check in
            // The first rank of the node takes them.
            try check.world.barrier()
            check.expect(SharedFiles.mapped.paths, equals: [], "files that have names")
        },
        RankCheck("memory that ranks share is zero at first, and holds what others write") { check in
            let halves = NodeMap(labels: (0..<check.size).map { $0 % 2 })
            let node = try check.world.split(by: halves.node(of: check.rank))
            // Parts of other sizes, some of them none.
            let window = try SharedWindow<Float>(count: node.rank * 5, node)
            check.expect(window.parts.map(\.count), equals: (0..<node.size).map { $0 * 5 }, "sizes")
            check.expect(window.parts.allSatisfy { $0.allSatisfy { $0 == 0 } }, "it is not zero at first")
            let aligned = window.parts.allSatisfy { Int(bitPattern: $0.baseAddress) % 64 == 0 }
            check.expect(aligned, "parts begin at multiples of 64 bytes")
            try node.barrier()
            // Every rank writes to the part of the next one.
            let next = window.parts[(node.rank + 1) % node.size]
            for i in next.indices { next[i] = Float(1 + check.rank) }
            try node.barrier()
            let before = halves.neighbours(of: check.rank)[(node.rank + node.size - 1) % node.size]
            check.expect(window.parts[node.rank].allSatisfy { $0 == Float(1 + before) }, "what another rank wrote")
        },
        RankCheck("what is gathered in memory that ranks share is what messages gather") { check in
            let (messages, memory) = (try check.world.duplicate(), try check.world.duplicate())
            try memory.gatherInSharedMemory()
            // Parts of other sizes each time, some of them none; the last is larger than what goes through memory.
            for round in 0..<300 {
                let counts = (0..<check.size).map { round == 299 ? 5000 : ($0 * 7 + round) % 12 }
                let layout = try RankLayout(counts: counts)
                let start = counts[..<check.rank].reduce(0, +)
                let gathered = try [messages, memory].map { communicator in
                    var values = [Double](repeating: -1, count: layout.total)
                    for i in 0..<counts[check.rank] { values[start + i] = Double(1000 * round + start + i) }
                    dawdle(round, check)
                    try values.withUnsafeMutableBufferPointer { try communicator.allGather(inPlace: $0, layout) }
                    return values
                }
                check.expect(gathered[1], equals: gathered[0], "round \(round)")
                check.expect(
                    gathered[1], equals: (0..<layout.total).map { Double(1000 * round + $0) }, "round \(round)")
            }
        },
        // Were a sleeper not woken, each round would take 0.9 s, and all of them more than the time limit.
        RankCheck("ranks that sleep are woken when all numbers are larger") { check in
            let counters = try SharedCounters(count: 2, check.world)
            let written = try SharedWindow<Int>(count: 1, check.world)
            for round in 1...200 {
                if round % check.size == check.rank { usleep(5000) }
                written.parts[check.rank][0] = round
                counters.raise(round % 2, to: UInt64(round))
                counters.wait(nap: 0.9) { counters.least(round % 2) >= UInt64(round) }
                let least = written.parts.map { $0[0] }.min()
                check.expect(least == round || least == round + 1, "round \(round): \(least ?? 0) was written")
            }
        },
        RankCheck("a call that MPI refuses throws an error naming rank and call") { check in
            do {
                _ = try check.world.broadcast([UInt8(1)], from: check.size)
                check.expect(false, "a root that does not exist was accepted")
            } catch let error as MessagePassingError {
                check.expect(error.rank, equals: check.rank, "rank")
                check.expect(error.operation, equals: "MPI_Bcast", "operation")
                check.expect(!error.reason.isEmpty, "the error has no reason")
            }
        },
    ]
}

/// One rank after the other is late by longer than others watch before they sleep.
private func dawdle(_ round: Int, _ check: CheckContext) {
    if round % 10 == 0, round / 10 % check.size == check.rank { usleep(5000) }
}

private func broadcast<T: MessageElement & Equatable>(_ value: T, over other: T, _ check: CheckContext) throws {
    for root in 0..<check.size {
        var values = [T](repeating: value, count: 5)
        if check.rank != root { values = [T](repeating: other, count: 5) }
        try values.withUnsafeMutableBufferPointer { try check.world.broadcast($0, from: root) }
        check.expect(values, equals: [T](repeating: value, count: 5), "\(T.self) from \(root)")
    }
}

/// Rank r sends q+1 numbers to rank q; the two collectives are started in opposite orders on odd and even ranks.
private func nonBlocking(_ check: CheckContext) throws {
    let (rank, size) = (check.rank, check.size)
    let other = try check.world.duplicate()
    let toEach = try RankLayout(counts: (0..<size).map { $0 + 1 })
    let fromEach = try RankLayout(counts: (0..<size).map { _ in rank + 1 })
    let one = try RankLayout(counts: (0..<size).map { _ in 1 })
    let sent = (0..<size).flatMap { to in (0...to).map { Float(100 * rank + 10 * to + $0) } }
    let receive = UnsafeMutablePointer<Float>.allocate(capacity: fromEach.total)
    let gathered = UnsafeMutablePointer<Int32>.allocate(capacity: size)
    defer {
        receive.deallocate()
        gathered.deallocate()
    }
    receive.initialize(repeating: -1, count: fromEach.total)
    gathered.initialize(repeating: -1, count: size)
    gathered[rank] = Int32(rank)

    let requests = RequestSet(capacity: 5, check.world)
    try sent.withUnsafeBufferPointer { send in
        guard let start = send.baseAddress else { return }
        for step in 0..<2 {
            if step == rank % 2 {
                let request = try check.world.startAllToAllV(send: start, toEach, receive: receive, fromEach)
                requests.insert(request, at: 3)
            } else {
                requests.insert(try other.startAllGatherV(inPlace: gathered, one), at: 1)
            }
        }
        check.expect(requests.inFlight, equals: 2, "requests under way")
        var places: [Int32] = []
        while requests.inFlight > 0 { places += Array(try requests.testSome()) }
        check.expect(places.sorted(), equals: [1, 3], "places that completed")
    }
    let expected = (0..<size).flatMap { from in (0...rank).map { Float(100 * from + 10 * rank + $0) } }
    check.expect(Array(UnsafeBufferPointer(start: receive, count: fromEach.total)), equals: expected, "all-to-all")
    let ranks = (0..<size).map { Int32($0) }
    check.expect(Array(UnsafeBufferPointer(start: gathered, count: size)), equals: ranks, "all-gather")
}
