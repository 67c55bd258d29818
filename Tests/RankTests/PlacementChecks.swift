import Foundation
import MessagePassing
import Reduction

/// Ranks on nodes of unlike sizes. All of them are on one computer, and suppose that they are on several.
var placementChecks: [RankCheck] {
    [
        RankCheck("gradients and weights have the bits of the serial tree on nodes of unlike sizes") { check in
            for placement in Placement.fitting(check.size) {
                try placement.with(check) { placed in
                    for (shards, rounded) in [(6, 0), (7, 8208), (12, 8208), (16, 0)] where shards >= placed.size {
                        let trial = try ReducerTrial(
                            placed, shards: shards, type: NodeTreeExchange.self, roundedCount: rounded)
                        try trial.run(batches: [2 * shards, shards - 1])
                    }
                }
            }
        },
        RankCheck("a run on nodes of unlike sizes ends with the files of one rank") { check in
            if check.size == 1 { return }
            let trial = try RunTrial(check)
            let single = try check.world.split(by: check.rank)
            let forms = [
                (7, ["wire": "fp32"]), (12, ["wire": "bf16", "batch-norm": "global"]), (16, ["wire": "bf16"]),
            ].map { ($0, $1.merging(RunTrial.heads) { $1 }.merging(["shards": "\($0)", "epochs": "1"]) { $1 }) }
            var alone: [Int: [String: Data]] = [:]
            // The check above has tried the sums of those in a row.
            for (number, placement) in Placement.inTurn(check.size).enumerated() {
                let fitting = forms.filter { $0.0 >= placement.ranks }
                let (shards, settings) = fitting[number % fitting.count]
                if alone[shards] == nil {
                    alone[shards] = try trial.files(of: "alone-\(shards)") {
                        if check.rank == 0 { try trial.run(in: "alone-\(shards)", settings: settings, on: single) }
                    }
                }
                let files = try trial.files(of: "placed-\(number)") {
                    try placement.with(check) {
                        try trial.run(in: "placed-\(number)", settings: settings, on: $0.world)
                    }
                }
                for (file, bytes) in alone[shards] ?? [:] {
                    check.expect(files[file] == bytes, "\(shards) shards, \(placement): \(file) differs")
                }
            }
        },
        RankCheck("a run goes on where its ranks lie on other nodes") { check in
            if check.size == 1 { return }
            let trial = try RunTrial(check)
            let whole = try trial.files(of: "whole") { try trial.run(in: "whole") }
            let placements = Placement.fitting(check.size)
            let moved = try trial.files(of: "moved") {
                try placements[0].with(check) {
                    let outcome = try trial.run(in: "moved", observers: [SignalAtStep(4)], on: $0.world)
                    check.expect(outcome != .finished, "the run was not stopped")
                }
                try placements[placements.count - 1].with(check) {
                    check.expect(
                        try trial.run(in: "moved", resume: .latest, on: $0.world), equals: .finished, "the outcome")
                }
            }
            for (file, bytes) in whole { check.expect(moved[file] == bytes, "\(file) differs") }
        },
    ]
}

/// So many ranks on each node.
private struct Placement: CustomStringConvertible {
    let sizes: [Int]
    /// Whether ranks are dealt to the nodes in turn (`mpirun --map-by node`) or in a row.
    let isInTurn: Bool

    var ranks: Int { sizes.reduce(0, +) }
    var description: String { "\(sizes.map { "\($0)" }.joined(separator: "+"))\(isInTurn ? ", in turn" : "")" }

    /// Those that have more than half of the ranks.
    static func fitting(_ ranks: Int) -> [Placement] {
        inTurn(ranks).flatMap { inTurn in
            let inRow = Placement(sizes: inTurn.sizes, isInTurn: false)
            return inTurn.labels == inRow.labels ? [inRow] : [inRow, inTurn]
        }
    }

    /// Of each size of these one, with ranks in turn.
    static func inTurn(_ ranks: Int) -> [Placement] {
        [[1, 1], [1, 2], [2, 1], [3, 1], [1, 1, 2], [1, 2, 4], [5, 3], [1, 1, 1, 5]]
            .map { Placement(sizes: $0, isInTurn: true) }
            .filter { $0.ranks <= ranks && $0.ranks > ranks / 2 }
    }

    /// The node of each rank.
    private var labels: [Int] {
        if !isInTurn { return sizes.indices.flatMap { Array(repeating: $0, count: sizes[$0]) } }
        return (0..<(sizes.max() ?? 0)).flatMap { turn in sizes.indices.filter { sizes[$0] > turn } }
    }

    /// The first ranks do `body` together, numbered as a program's ranks on these nodes are. Collective.
    func with(_ check: CheckContext, _ body: (CheckContext) throws -> Void) throws {
        let part = try check.world.split(by: check.rank < ranks ? 0 : 1)
        guard check.rank < ranks else { return }
        let placed = CheckContext(world: try part.nodeByNode(NodeMap(labels: labels)))
        placed.expect(try placed.world.nodeMap().nodes.map(\.count), equals: sizes, "the nodes")
        try body(placed)
        for failure in placed.failures { check.expect(false, "\(self): \(failure)") }
    }
}
