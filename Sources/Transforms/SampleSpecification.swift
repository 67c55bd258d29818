import Basics

/// What the numbers of a sample are.
public enum SampleForm: Sendable, Equatable {
    case bytes
    case floats

    /// Bytes an element.
    public var size: Int { self == .bytes ? 1 : 4 }
}

/// What samples are at one point of their way to the network: as stored, between two transforms, or at the end.
public struct SampleSpecification: Sendable, Equatable, CustomStringConvertible {
    /// What goes with a sample for the network to learn.
    public enum Targets: Sendable, Equatable {
        case none
        /// A class number.
        case label(classes: Int)
        /// A share for each class. The shares of a sample have the sum 1.
        case shares(classes: Int)
        /// So many numbers, for regression.
        case values(width: Int)
    }

    /// [H, W, C] for images, [F] for features.
    public var shape: Shape
    public var form: SampleForm
    public var targets: Targets

    public init(shape: Shape, form: SampleForm, targets: Targets = .none) {
        self.shape = shape
        self.form = form
        self.targets = targets
    }

    public var isImage: Bool { shape.rank == 3 }

    /// Bytes of a sample's values.
    public var valueBytes: Int { shape.count * form.size }

    /// Target values a sample; 0 for labels.
    package var targetWidth: Int {
        switch targets {
        case .none, .label: 0
        case .shares(let width), .values(let width): width
        }
    }

    /// `32x32x3 bytes`
    public var description: String { "\(shape) \(form == .bytes ? "bytes" : "floats")" }
}
