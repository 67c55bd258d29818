import Basics
import Foundation
import Models
import Training

/// What `--trace` writes. Runs on any number of ranks.
var traceChecks: [RankCheck] {
    [
        RankCheck("a trace shows all ranks, and changes nothing of what is computed") { check in
            let trial = try RunTrial(check)
            let plain = try trial.files(of: "plain") { try trial.run(in: "plain") }
            let traced = try trial.files(of: "traced") {
                try trial.run(in: "traced", settings: ["trace": trial.path("trace.json"), "trace-steps": "4"])
            }
            for (file, bytes) in plain { check.expect(traced[file] == bytes, "\(file) differs") }
            guard check.rank == 0 else { return }
            let events = try TraceEvent.read(trial.path("trace.json"))
            for rank in 0..<check.size {
                let mine = events.filter { $0.rank == rank }
                let spans = mine.filter { $0.kind == "X" }
                check.expect(spans.filter { $0.name == "step" }.count, equals: 4, "steps of rank \(rank)")
                for category in ["data", "forward", "loss", "backward", "update"] {
                    check.expect(
                        spans.contains { $0.thread == 0 && $0.category == category }, "rank \(rank) has no \(category)")
                }
                check.expect(spans.contains { $0.thread == 2 && $0.name == "read" }, "rank \(rank) reads nothing")
                check.expect(
                    mine.filter { $0.name == "dropped_spans" }.map(\.droppedCount), equals: [0, 0, 0], "dropped spans")
                for thread in [0, 2] {
                    check.expect(nest(spans.filter { $0.thread == thread }), "spans of rank \(rank) overlap")
                }
                for name in ["gradients", "weights"] {
                    let (begins, ends) = (
                        mine.filter { $0.kind == "b" && $0.name == name },
                        mine.filter { $0.kind == "e" && $0.name == name }
                    )
                    check.expect(begins.isEmpty, equals: check.size == 1, "messages of \(name)")
                    check.expect(begins.map(\.bucket), equals: ends.map(\.bucket), "beginnings and ends of \(name)")
                    check.expect(
                        zip(begins, ends).allSatisfy { $0.begin <= $1.begin }, "a message ends before it begins")
                }
            }
            check.expect(Set(events.map(\.rank)).count, equals: check.size, "ranks")
        },
        RankCheck("a trace shows transforms as a part of reading, and no span of them is dropped") { check in
            let trial = try RunTrial(check)
            try trial.run(
                in: "augmented",
                settings: ["augment": "flip", "trace": trial.path("augmented.json"), "trace-steps": "9"])
            guard check.rank == 0 else { return }
            let events = try TraceEvent.read(trial.path("augmented.json"))
            for rank in 0..<check.size {
                let reader = events.filter { $0.rank == rank && $0.thread == 2 }
                let spans = reader.filter { $0.kind == "X" }
                check.expect(nest(spans), "spans of rank \(rank)'s reader overlap")
                let (reads, transforms) = (spans.filter { $0.name == "read" }, spans.filter { $0.name == "transform" })
                check.expect(
                    !transforms.isEmpty
                        && transforms.allSatisfy { part in
                            reads.contains { $0.begin <= part.begin && part.end <= $0.end }
                        }, "rank \(rank) transforms \(transforms.count) shards while it reads")
                check.expect(
                    reader.filter { $0.name == "dropped_spans" }.map(\.droppedCount), equals: [0], "dropped spans")
            }
        },
        RankCheck("a run that stops early leaves the trace of what it did") { check in
            let trial = try RunTrial(check)
            try trial.run(
                in: "stopped", settings: ["trace": trial.path("stopped.json")],
                observers: check.rank == 0 ? [SignalAtStep(2)] : [])
            guard check.rank == 0 else { return }
            let steps = try TraceEvent.read(trial.path("stopped.json")).filter { $0.name == "step" }
            // The signal travels with the sums of the step after it.
            check.expect(steps.count, equals: 3 * check.size, "steps")
        },
        RankCheck("a run that fails leaves rank 0's trace, and one without a place for it does not begin") { check in
            let trial = try RunTrial(check)
            check.expectFailure(saying: "step") {
                try trial.run(in: "failed", settings: ["trace": trial.path("failed.json"), "learning-rate": "1e30"])
            }
            if check.rank == 0 {
                let events = try TraceEvent.read(trial.path("failed.json"))
                check.expect(Set(events.filter { $0.kind == "X" }.map(\.rank)), equals: [0], "ranks in the trace")
            }
            check.expectFailure(saying: "--trace") {
                try trial.run(in: "nowhere", settings: ["trace": trial.path("missing/trace.json")])
            }
        },
    ]
}

extension CheckContext {
    fileprivate func expectFailure(saying words: String, _ body: () throws -> Void) {
        do {
            try body()
            expect(false, "it did not fail")
        } catch {
            expect("\(error)".contains(words), "unclear: \(error)")
        }
    }
}

private struct TraceEvent {
    let kind: String
    let name: String
    let category: String
    let rank: Int
    let thread: Int
    /// Nanoseconds.
    let begin: Int
    let end: Int
    let bucket: String
    let droppedCount: Int?

    init(_ event: JSONValue) {
        kind = event["ph"]?.string ?? ""
        name = event["name"]?.string ?? ""
        category = event["cat"]?.string ?? ""
        rank = event["pid"]?.integer ?? -1
        thread = event["tid"]?.integer ?? -1
        begin = Int(((event["ts"]?.number ?? 0) * 1000).rounded())
        end = begin + Int(((event["dur"]?.number ?? 0) * 1000).rounded())
        bucket = event["id2"]?["local"]?.string ?? ""
        droppedCount = event["args"]?["count"]?.integer
    }

    /// The file is one JSON array of events.
    static func read(_ path: String) throws -> [TraceEvent] {
        let document = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        return (document.array ?? []).map(TraceEvent.init)
    }
}

/// Whether each two spans are apart, or one lies in the other.
private func nest(_ spans: [TraceEvent]) -> Bool {
    var open: [Int] = []
    for span in spans.sorted(by: { ($0.begin, -$0.end) < ($1.begin, -$1.end) }) {
        while let last = open.last, last <= span.begin { open.removeLast() }
        if let last = open.last, span.end > last { return false }
        open.append(span.end)
    }
    return true
}
