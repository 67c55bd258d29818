import Models
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
        var text = metadata("process_name", .compute, "\"name\":\(quoted("rank \(rank) on \(host)"))")
        text += ",\n" + metadata("process_sort_index", .compute, "\"sort_index\":\(rank)")
        for (thread, buffer) in [(Thread.compute, compute), (.reduction, messages), (.reader, reader)] {
            text += ",\n" + metadata("thread_name", thread, "\"name\":\"\(thread)\"")
            text += ",\n" + metadata("thread_sort_index", thread, "\"sort_index\":\(thread.rawValue)")
            text += ",\n" + metadata("dropped_spans", thread, "\"count\":\(buffer.dropped)")
            let labels = buffer.labels.map(fields)
            for index in 0..<buffer.count {
                let span = buffer[index]
                let (name, numbering) = labels[Int(span.label)]
                let place = "\(name),\"pid\":\(rank),\"tid\":\(thread.rawValue)"
                let number = "\"args\":{\(numbering):\(span.number)}"
                if thread == .reduction {
                    let bucket = "\"id2\":{\"local\":\"\(span.number)\"}"
                    text += ",\n{\"ph\":\"b\",\(place),\(bucket),\"ts\":\(time(span.begin)),\(number)}"
                    text += ",\n{\"ph\":\"e\",\(place),\(bucket),\"ts\":\(time(span.end))}"
                } else {
                    let duration = Double(span.end - span.begin) / 1000
                    text += ",\n{\"ph\":\"X\",\(place),\"ts\":\(time(span.begin)),\"dur\":\(duration),\(number)}"
                }
            }
        }
        return text
    }

    private func metadata(_ name: String, _ thread: Thread, _ arguments: String) -> String {
        "{\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(rank),\"tid\":\(thread.rawValue),\"args\":{\(arguments)}}"
    }

    private func fields(_ label: SpanBuffer.Label) -> (name: String, numbering: String) {
        ("\"name\":\(quoted(label.name)),\"cat\":\(quoted(label.category))", quoted(label.numbering))
    }

    private func time(_ stamp: UInt64) -> Double { Double(Int64(stamp) - clockLead) / 1000 }

    /// Layers have the names their files gave them.
    private func quoted(_ text: String) -> String { (try? JSONValue.string(text).text()) ?? "\"\"" }
}
