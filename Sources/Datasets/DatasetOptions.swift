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
    /// [N, C, W, H], or [N, W, H] for one channel: MATLAB's [H, W, C, N], whose axes HDF5 has in reverse.
    case ncwh
}

/// What a network is to predict for a sample.
public enum TargetForm: String, Sendable {
    /// One of several classes.
    case labels
    /// Numbers, for regression.
    case targets
}

/// Which targets a network can learn from, where the file leaves that open.
public enum TargetDemand: Sendable {
    /// A class number a sample.
    case labels
    /// A class number a sample, or a share for each class.
    case labelsOrShares
    /// Numbers to be predicted.
    case values
}

/// What a person said about a data file; everything that is nil is found out from the file.
public struct DatasetOptions: Sendable, Equatable {
    /// Paths in the file of the training samples and their targets; `other.h5:/path` is a path in another file.
    public var images: String?
    public var labels: String?
    /// The path in the file of a weight for each training sample.
    public var sampleWeights: String?
    public var order: ChannelOrder?
    public var targets: TargetForm?
    public var demand: TargetDemand?
    /// Of a network with several inputs: where the samples of each are. Empty for others.
    public var inputs: [InputDemand] = []
    /// Of a network with several outputs that have targets of their own: what each of them needs. Empty for others.
    public var heads: [HeadDemand] = []
    /// The stored number of the first class; nil is 0.
    public var labelOffset: Int?
    /// The names of a model's classes in its order, which labels that are words must have.
    public var classNames: [String]?
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
