import DataPipeline
import FoundationEssentials
import MessagePassing
import Basics

/// Where a trace goes, and how many steps it covers.
package struct TraceRequest {
    let path: String
    let steps: Int

    package init(path: String, steps: Int) {
        (self.path, self.steps) = (path, steps)
    }
}

/// What one rank records of its first steps, and how all ranks' records become one file.
package final class RankTrace {
    /// Of the thread that computes.
    package let compute: SpanBuffer
    /// Of the reader's thread.
    package let reader: SpanBuffer
    /// Of the buckets' messages, which overlap.
    package let messages: SpanBuffer
    /// What was written, in words; nil before and on other ranks than 0.
    package private(set) var summary: String?

    private let request: TraceRequest
    private let communicator: Communicator
    /// The nanoseconds by which this rank's clock is ahead of the file's.
    private let clockLead: Int64
    private let waitLabel: Int32
    private let stepLabel: Int32
    private var steps = 0
    private var isWritten = false

    /// The most spans of a thread; further ones are dropped. A span takes 24 bytes in memory, some 150 in the file.
    private static let mostSpans = 1 << 18

    /// Collective. `spansPerStep`: an upper bound of the spans of the computing thread; `shards`: the rank's. Rank 0
    /// begins the file now, so an error about its path comes before the first step.
    package init(_ request: TraceRequest, _ communicator: Communicator, spansPerStep: Int, shards: Int) throws {
        self.request = request
        self.communicator = communicator
        let capacity = min(request.steps * spansPerStep, Self.mostSpans)
        compute = SpanBuffer(capacity: capacity)
        messages = SpanBuffer(capacity: capacity)
        // The reader is some steps ahead.
        reader = BatchReader.spanBuffer(shards: (request.steps + 8) * shards, atMost: Self.mostSpans)
        waitLabel = compute.label(.init("step", "wait for data", numbering: "step"))
        stepLabel = compute.label(.init("step", "step", numbering: "step"))
        _ = try communicator.onRoot { try Self.write("[\n]\n", to: request.path) }
        clockLead = try communicator.clockLead()
    }

    /// Notes a step that began at `begin`, after `waited` seconds for its samples, and ends now. Collective with the
    /// last step that is wanted: the file is then written.
    package func stepEnded(_ number: Int, begin: UInt64, waited: Double) throws {
        guard !isWritten else { return }
        compute.record(waitLabel, number, from: begin - UInt64(waited * 1e9), to: begin)
        compute.record(stepLabel, number, from: begin)
        steps += 1
        if steps == request.steps { try finish() }
    }

    /// Collective: gathers what has been recorded and writes it, unless that has been done.
    package func finish() throws {
        if isWritten { return }
        end()
        let all = try communicator.gather([UInt8](events.utf8))
        let dropped = try communicator.allReduceSum(Int64(buffers.reduce(0) { $0 + $1.1.dropped }))
        _ = try communicator.onRoot {
            try Self.write(
                "[\n\(all.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",\n"))\n]\n", to: path)
            summary =
                "trace of \(Figures.count(steps, "step")) on \(Figures.count(all.count, "rank")) in \(path)"
                + (dropped > 0 ? "; \(dropped) spans found no room and are missing" : "")
        }
    }

    /// Called after an error, when other ranks may not take part in gathering: rank 0 writes its own part, if it can.
    package func abandon() {
        if isWritten || communicator.rank != 0 { return }
        end()
        try? Self.write("[\n\(events)\n]\n", to: path)
    }

    private var path: String { request.path }
    private var buffers: [(String, SpanBuffer)] { [("compute", compute), ("reduction", messages), ("reader", reader)] }

    private var events: String {
        TraceEvents(rank: communicator.rank, host: communicator.processorName, clockLead: clockLead).text(
            compute: compute, messages: messages, reader: reader)
    }

    private func end() {
        isWritten = true
        for (_, buffer) in buffers { buffer.endRecording() }
    }

    private static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw FileError(
                .write, file: path, "the trace cannot be written: \(error.failureText)",
                remedy: "name another file with --trace")
        }
    }
}

extension Communicator {
    /// Nanoseconds by which this rank's clock is ahead of one that starts about now on rank 0. Collective.
    ///
    /// Ranks of one node have one clock. Others compare theirs with rank 0's after a barrier, several times; the median
    /// is wrong by about the time a small message takes.
    fileprivate func clockLead() throws -> Int64 {
        let boot = SystemText("/proc/sys/kernel/random/boot_id")?.text ?? ""
        let boots = try allGather([UInt8](boot.utf8))
        var leads: [Int64] = []
        for _ in 0..<15 {
            try barrier()
            let now = Int64(BootClock.now)
            leads.append(now - (try broadcast([now], from: 0))[0])
        }
        let origin = try broadcast([Int64(BootClock.now)], from: 0)[0]
        let isSameNode = !boot.isEmpty && boots[rank] == boots[0]
        return origin + (isSameNode ? 0 : leads.sorted()[leads.count / 2])
    }
}
