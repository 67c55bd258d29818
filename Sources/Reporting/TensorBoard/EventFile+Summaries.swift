import Basics
import FileFormats
import Pictures

/// What an event file holds beside scalars.
extension EventFile {
    /// Distributions of a step of the run, by name (`HistogramProto`).
    func add(_ histograms: [(tag: String, histogram: Histogram)], step: Int) throws {
        var summary = ProtobufMessage()
        for (tag, histogram) in histograms {
            var content = ProtobufMessage()
            content.add(1, histogram.least)
            content.add(2, histogram.most)
            content.add(3, Double(histogram.count))
            content.add(4, histogram.sum)
            content.add(5, histogram.sumOfSquares)
            content.addRaw(6, histogram.limits)
            content.addRaw(7, histogram.counts.map(Double.init))
            var value = ProtobufMessage()
            value.add(1, tag)
            value.add(5, content)
            summary.add(1, value)
        }
        try append(step: step) { $0.add(5, summary) }
    }

    /// A picture of a step of the run, as PNG (`Summary.Image`).
    func add(_ picture: Picture, tag: String, step: Int) throws {
        var content = ProtobufMessage()
        content.add(1, picture.height)
        content.add(2, picture.width)
        content.add(3, picture.channels)
        content.add(4, try picture.png())
        var value = ProtobufMessage()
        value.add(1, tag)
        value.add(4, content)
        var summary = ProtobufMessage()
        summary.add(1, value)
        try append(step: step) { $0.add(5, summary) }
    }

    /// The layers of a network (`GraphDef`).
    func add(_ graph: [GraphNode]) throws {
        var definition = ProtobufMessage()
        for node in graph {
            var content = ProtobufMessage()
            content.add(1, node.name)
            content.add(2, node.operation)
            for input in node.inputs { content.add(3, input) }
            var attribute = ProtobufMessage()
            attribute.add(1, "_output_shapes")
            attribute.add(2, Self.list(of: node.shape))
            content.add(5, attribute)
            definition.add(1, content)
        }
        try append(step: 0) { $0.add(4, definition) }
    }

    /// `AttrValue` with a list of one shape. The batch has no size of its own: -1.
    private static func list(of shape: [Int]) -> ProtobufMessage {
        var extents = ProtobufMessage()
        for extent in [-1] + shape {
            var dimension = ProtobufMessage()
            dimension.add(1, extent)
            extents.add(2, dimension)
        }
        var list = ProtobufMessage()
        list.add(7, extents)
        var value = ProtobufMessage()
        value.add(1, list)
        return value
    }
}
