import Basics

/// One rank's spans as events of Chrome's trace format, "JSON array": a process for each rank, a thread for each of its
/// three kinds of work. Times are in microseconds.
///
/// Spans of a thread nest, and are complete events (`X`). Messages of different buckets overlap, and are asynchronous
/// ones (`b`, `e`), told apart by the bucket.
struct TraceEvents {
    let rank: Int
    let host: String
    let clockLead: Int64

    private enum Thread: Int { case compute, reduction, reader }

    /// Events separated by commas, without the brackets.
    func text(compute: SpanBuffer, messages: SpanBuffer, reader: SpanBuffer) -> String {
        var events = [
            metadata("process_name", .compute) { $0.add("name", "rank \(rank) on \(host)") },
            metadata("process_sort_index", .compute) { $0.add("sort_index", rank) },
        ]
        for (thread, buffer) in [(Thread.compute, compute), (.reduction, messages), (.reader, reader)] {
            events += [
                metadata("thread_name", thread) { $0.add("name", "\(thread)") },
                metadata("thread_sort_index", thread) { $0.add("sort_index", thread.rawValue) },
                metadata("dropped_spans", thread) { $0.add("count", buffer.dropped) },
            ]
            for index in 0..<buffer.count { events += spanEvents(buffer[index], of: buffer, thread) }
        }
        return events.map(\.text).joined(separator: ",\n")
    }

    private func spanEvents(_ span: SpanBuffer.Span, of buffer: SpanBuffer, _ thread: Thread) -> [JSONLine] {
        let label = buffer.labels[Int(span.label)]
        var number = JSONLine()
        number.add(label.numbering, Int(span.number))
        guard thread == .reduction else {
            var event = begin("X", label, thread)
            event.add("ts", time(span.begin))
            event.add("dur", Double(span.end - span.begin) / 1000)
            event.add("args", number)
            return [event]
        }
        var bucket = JSONLine()
        bucket.add("local", "\(span.number)")
        var (first, last) = (begin("b", label, thread), begin("e", label, thread))
        first.add("id2", bucket)
        first.add("ts", time(span.begin))
        first.add("args", number)
        last.add("id2", bucket)
        last.add("ts", time(span.end))
        return [first, last]
    }

    private func begin(_ phase: String, _ label: SpanBuffer.Label, _ thread: Thread) -> JSONLine {
        var event = JSONLine()
        event.add("ph", phase)
        event.add("name", label.name)
        event.add("cat", label.category)
        event.add("pid", rank)
        event.add("tid", thread.rawValue)
        return event
    }

    private func metadata(_ name: String, _ thread: Thread, _ fill: (inout JSONLine) -> Void) -> JSONLine {
        var event = JSONLine()
        event.add("ph", "M")
        event.add("name", name)
        event.add("pid", rank)
        event.add("tid", thread.rawValue)
        var arguments = JSONLine()
        fill(&arguments)
        event.add("args", arguments)
        return event
    }

    private func time(_ stamp: UInt64) -> Double { Double(Int64(stamp) - clockLead) / 1000 }
}
