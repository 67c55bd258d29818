/// A part of a data file with a purpose of its own.
public enum Split: String, CaseIterable, Sendable {
    case train, validation, test
}

/// Which axis of an image array counts the channels.
public enum ChannelOrder: String, CaseIterable, Sendable {
    /// [N, H, W, C]
    case nhwc
    /// [N, C, H, W]
    case nchw
}

/// What a network is to answer for a sample.
public enum AnswerKind: String, Sendable {
    /// One of several classes.
    case labels
    /// Numbers, for regression.
    case targets
}

/// What a person said about a data file; everything that is nil is found out from the file.
public struct DatasetOptions: Sendable {
    /// Paths in the file of the training samples and their answers.
    public var images: String?
    public var labels: String?
    public var order: ChannelOrder?
    public var answers: AnswerKind?
    /// How many classes the network tells apart.
    public var classes: Int?

    public init(
        images: String? = nil, labels: String? = nil, order: ChannelOrder? = nil, answers: AnswerKind? = nil,
        classes: Int? = nil
    ) {
        self.images = images
        self.labels = labels
        self.order = order
        self.answers = answers
        self.classes = classes
    }
}
