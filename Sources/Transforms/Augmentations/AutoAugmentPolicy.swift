/// The policies that AutoAugment found, as its authors published them: pairs of operations, each with its probability and the
/// level of its strength.
package enum AutoAugmentPolicy: String, CaseIterable {
    case imagenet, cifar10, svhn

    package struct Step {
        package let operation: PolicyOperation
        package let probability: Float
        /// 0 for operations that have one strength.
        package let level: Int

        init(_ operation: PolicyOperation, _ probability: Float, _ level: Int = 0) {
            (self.operation, self.probability, self.level) = (operation, probability, level)
        }
    }
    package struct Pair {
        package let first: Step
        package let second: Step

        init(_ first: Step, _ second: Step) { (self.first, self.second) = (first, second) }
    }

    /// Of a strength.
    package static let levels = 10

    package var pairs: [Pair] {
        switch self {
        case .imagenet: Self.imagenetPairs
        case .cifar10: Self.cifar10Pairs
        case .svhn: Self.svhnPairs
        }
    }

    private static let imagenetPairs = [
        Pair(Step(.posterize, 0.4, 8), Step(.rotate, 0.6, 9)),
        Pair(Step(.solarize, 0.6, 5), Step(.autocontrast, 0.6)),
        Pair(Step(.equalize, 0.8), Step(.equalize, 0.6)),
        Pair(Step(.posterize, 0.6, 7), Step(.posterize, 0.6, 6)),
        Pair(Step(.equalize, 0.4), Step(.solarize, 0.2, 4)),
        Pair(Step(.equalize, 0.4), Step(.rotate, 0.8, 8)),
        Pair(Step(.solarize, 0.6, 3), Step(.equalize, 0.6)),
        Pair(Step(.posterize, 0.8, 5), Step(.equalize, 1)),
        Pair(Step(.rotate, 0.2, 3), Step(.solarize, 0.6, 8)),
        Pair(Step(.equalize, 0.6), Step(.posterize, 0.4, 6)),
        Pair(Step(.rotate, 0.8, 8), Step(.color, 0.4, 0)),
        Pair(Step(.rotate, 0.4, 9), Step(.equalize, 0.6)),
        Pair(Step(.equalize, 0), Step(.equalize, 0.8)),
        Pair(Step(.invert, 0.6), Step(.equalize, 1)),
        Pair(Step(.color, 0.6, 4), Step(.contrast, 1, 8)),
        Pair(Step(.rotate, 0.8, 8), Step(.color, 1, 2)),
        Pair(Step(.color, 0.8, 8), Step(.solarize, 0.8, 7)),
        Pair(Step(.sharpness, 0.4, 7), Step(.invert, 0.6)),
        Pair(Step(.shearX, 0.6, 5), Step(.equalize, 1)),
        Pair(Step(.color, 0.4, 0), Step(.equalize, 0.6)),
        Pair(Step(.equalize, 0.4), Step(.solarize, 0.2, 4)),
        Pair(Step(.solarize, 0.6, 5), Step(.autocontrast, 0.6)),
        Pair(Step(.invert, 0.6), Step(.equalize, 1)),
        Pair(Step(.color, 0.6, 4), Step(.contrast, 1, 8)),
        Pair(Step(.equalize, 0.8), Step(.equalize, 0.6)),
    ]

    private static let cifar10Pairs = [
        Pair(Step(.invert, 0.1), Step(.contrast, 0.2, 6)),
        Pair(Step(.rotate, 0.7, 2), Step(.translateX, 0.3, 9)),
        Pair(Step(.sharpness, 0.8, 1), Step(.sharpness, 0.9, 3)),
        Pair(Step(.shearY, 0.5, 8), Step(.translateY, 0.7, 9)),
        Pair(Step(.autocontrast, 0.5), Step(.equalize, 0.9)),
        Pair(Step(.shearY, 0.2, 7), Step(.posterize, 0.3, 7)),
        Pair(Step(.color, 0.4, 3), Step(.brightness, 0.6, 7)),
        Pair(Step(.sharpness, 0.3, 9), Step(.brightness, 0.7, 9)),
        Pair(Step(.equalize, 0.6), Step(.equalize, 0.5)),
        Pair(Step(.contrast, 0.6, 7), Step(.sharpness, 0.6, 5)),
        Pair(Step(.color, 0.7, 7), Step(.translateX, 0.5, 8)),
        Pair(Step(.equalize, 0.3), Step(.autocontrast, 0.4)),
        Pair(Step(.translateY, 0.4, 3), Step(.sharpness, 0.2, 6)),
        Pair(Step(.brightness, 0.9, 6), Step(.color, 0.2, 8)),
        Pair(Step(.solarize, 0.5, 2), Step(.invert, 0)),
        Pair(Step(.equalize, 0.2), Step(.autocontrast, 0.6)),
        Pair(Step(.equalize, 0.2), Step(.equalize, 0.6)),
        Pair(Step(.color, 0.9, 9), Step(.equalize, 0.6)),
        Pair(Step(.autocontrast, 0.8), Step(.solarize, 0.2, 8)),
        Pair(Step(.brightness, 0.1, 3), Step(.color, 0.7, 0)),
        Pair(Step(.solarize, 0.4, 5), Step(.autocontrast, 0.9)),
        Pair(Step(.translateY, 0.9, 9), Step(.translateY, 0.7, 9)),
        Pair(Step(.autocontrast, 0.9), Step(.solarize, 0.8, 3)),
        Pair(Step(.equalize, 0.8), Step(.invert, 0.1)),
        Pair(Step(.translateY, 0.7, 9), Step(.autocontrast, 0.9)),
    ]

    private static let svhnPairs = [
        Pair(Step(.shearX, 0.9, 4), Step(.invert, 0.2)),
        Pair(Step(.shearY, 0.9, 8), Step(.invert, 0.7)),
        Pair(Step(.equalize, 0.6), Step(.solarize, 0.6, 6)),
        Pair(Step(.invert, 0.9), Step(.equalize, 0.6)),
        Pair(Step(.equalize, 0.6), Step(.rotate, 0.9, 3)),
        Pair(Step(.shearX, 0.9, 4), Step(.autocontrast, 0.8)),
        Pair(Step(.shearY, 0.9, 8), Step(.invert, 0.4)),
        Pair(Step(.shearY, 0.9, 5), Step(.solarize, 0.2, 6)),
        Pair(Step(.invert, 0.9), Step(.autocontrast, 0.8)),
        Pair(Step(.equalize, 0.6), Step(.rotate, 0.9, 3)),
        Pair(Step(.shearX, 0.9, 4), Step(.solarize, 0.3, 3)),
        Pair(Step(.shearY, 0.8, 8), Step(.invert, 0.7)),
        Pair(Step(.equalize, 0.9), Step(.translateY, 0.6, 6)),
        Pair(Step(.invert, 0.9), Step(.equalize, 0.6)),
        Pair(Step(.contrast, 0.3, 3), Step(.rotate, 0.8, 4)),
        Pair(Step(.invert, 0.8), Step(.translateY, 0, 2)),
        Pair(Step(.shearY, 0.7, 6), Step(.solarize, 0.4, 8)),
        Pair(Step(.invert, 0.6), Step(.rotate, 0.8, 4)),
        Pair(Step(.shearY, 0.3, 7), Step(.translateX, 0.9, 3)),
        Pair(Step(.shearX, 0.1, 6), Step(.invert, 0.6)),
        Pair(Step(.solarize, 0.7, 2), Step(.translateY, 0.6, 7)),
        Pair(Step(.shearY, 0.8, 4), Step(.invert, 0.8)),
        Pair(Step(.shearX, 0.7, 9), Step(.translateY, 0.8, 3)),
        Pair(Step(.shearY, 0.8, 5), Step(.autocontrast, 0.7)),
        Pair(Step(.shearX, 0.7, 2), Step(.invert, 0.1)),
    ]
}
