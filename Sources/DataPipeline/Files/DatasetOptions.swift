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

/// What a network is to predict for a sample.
public enum TargetForm: String, Sendable {
    /// One of several classes.
    case labels
    /// Numbers, for regression.
    case targets
}

/// What a person said about a data file; everything that is nil is found out from the file.
public struct DatasetOptions: Sendable {
    /// Paths in the file of the training samples and their targets.
    public var images: String?
    public var labels: String?
    /// The path in the file of a weight for each training sample.
    public var sampleWeights: String?
    public var order: ChannelOrder?
    public var targets: TargetForm?
    /// How many classes the network tells apart.
    public var classes: Int?
    /// Whether data sets may have their bytes in files that are no HDF5 files.
    public var allowsExternal: Bool

    public init(
        images: String? = nil, labels: String? = nil, order: ChannelOrder? = nil, targets: TargetForm? = nil,
        classes: Int? = nil, allowsExternal: Bool = false
    ) {
        self.images = images
        self.labels = labels
        self.order = order
        self.targets = targets
        self.classes = classes
        self.allowsExternal = allowsExternal
    }
}
