import Basics
import KerasCalls
import Models

extension ActivationLayer: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        switch options.kerasClass {
        case "ReLU":
            options.keepClass("threshold", "negative_slope", "max_value")
            self.init(.relu)
            options.ignore("max_value", "negative_slope", "threshold")
        case "Softmax":
            options.keepClass("axis")
            self.init(.softmax)
            try options.requireLastAxis()
        case "Identity":
            options.keepClass()
            self.init(.linear)
        case ActivityPenalty.kerasClass:
            // Outputs are the inputs; what they add to the loss is read from what is kept.
            options.keepClass("l1", "l2")
            self.init(.linear)
            options.ignore("l1", "l2")
        default: self.init(try options.activation())
        }
    }

    package var kerasConfiguration: [String: JSONValue] { ["activation": function.keras] }
}

extension ActivityPenalty {
    /// The layer that does nothing else.
    package static let kerasClass = "ActivityRegularization"
}

extension Dropout: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(rate: try options.number("rate"), dropsSamples: try options.dropsSamples())
        options.keep("seed")
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["rate": .decimal(rate), "seed": nil, "noise_shape": dropsSamples ? [nil, 1, 1, 1] : nil]
    }
}

extension Add: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
    }

    package var kerasConfiguration: [String: JSONValue] { [:] }
}

extension Scale: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.number("scale"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] { ["scale": .decimal(factor)] }
}

extension Concatenate: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
        try options.requireLastAxis()
    }

    package var kerasConfiguration: [String: JSONValue] { ["axis": -1] }
}

extension AxisConcatenation: PlainKerasLayer {
    static let kerasClasses = ["Concatenate"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(axis: try options.sampleAxis())
    }

    package var kerasConfiguration: [String: JSONValue] { ["axis": .integer(axis + 1)] }
}

extension AxisSoftmax: PlainKerasLayer {
    static let kerasClasses = ["Softmax"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(axis: try options.sampleAxis())
    }

    package var kerasConfiguration: [String: JSONValue] { ["axis": .integer(axis + 1)] }
}

extension IdentityShortcut: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(filters: try options.integer("filters"), stride: try options.extent("strides") ?? 2)
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        ["filters": .integer(filters), "strides": stride.keras]
    }
}
