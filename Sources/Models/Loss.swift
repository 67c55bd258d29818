import NumericCore

/// What training minimises: the mean over samples. Names are Keras's.
public enum Loss: String, Sendable, Equatable, CaseIterable {
    /// -log of the label's probability; computed from logits where the network ends in softmax, which is stable.
    case sparseCategoricalCrossEntropy = "sparse_categorical_crossentropy"
    /// -(y log p + (1-y) log(1-p)), mean over outputs; from logits where the network ends in sigmoid.
    case binaryCrossEntropy = "binary_crossentropy"
    /// The mean of squared differences over outputs.
    case meanSquaredError = "mean_squared_error"

    /// The activation at the network's end that the loss takes over, so as to work on logits.
    public var absorbedActivation: Activation? {
        switch self {
        case .sparseCategoricalCrossEntropy: .softmax
        case .binaryCrossEntropy: .sigmoid
        case .meanSquaredError: nil
        }
    }
}
