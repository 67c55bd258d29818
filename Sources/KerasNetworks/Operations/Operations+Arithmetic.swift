import Basics
import Models

extension KerasOperation {
    /// Of two tensors, or of a tensor and a constant.
    static let arithmetic: [String: Reader] = [
        "Add": { (operation) throws(LayerError) in
            switch try operation.pair() {
            case .tensors: operation.same ? .add(Add()) : .plain(Merge(.sum))
            case .constant(let value, _): .plain(Rescaling(scale: [1], offset: value))
            }
        },
        "Subtract": { (operation) throws(LayerError) in
            switch try operation.pair() {
            case .tensors: .plain(Merge(.subtract))
            case .constant(let value, isFirst: true): .plain(Rescaling(scale: [-1], offset: value))
            case .constant(let value, isFirst: false): .plain(Rescaling(scale: [1], offset: value.map { -$0 }))
            }
        },
        "Multiply": { (operation) throws(LayerError) in
            switch try operation.pair() {
            case .tensors: .plain(Merge(.multiply))
            case .constant(let value, _): .plain(Rescaling(scale: value))
            }
        },
        "TrueDivide": divide, "Divide": divide,
        "Maximum": { (operation) throws(LayerError) in
            switch try operation.pair() {
            case .tensors: .plain(Merge(.maximum))
            case .constant(let value, _): .plain(ScalarOperation(.atLeast, try operation.single(value)))
            }
        },
        "Minimum": { (operation) throws(LayerError) in
            switch try operation.pair() {
            case .tensors: .plain(Merge(.minimum))
            case .constant(let value, _): .plain(ScalarOperation(.atMost, try operation.single(value)))
            }
        },
        "Power": { (operation) throws(LayerError) in
            guard case .constant(let value, isFirst: false) = try operation.pair() else {
                throw LayerError("Power is supported with a constant exponent only")
            }
            let exponent = try operation.single(value)
            return .plain(exponent == 2 ? ScalarOperation(.square) : ScalarOperation(.power, exponent))
        },
    ]

    private static let divide: Reader = { (operation) throws(LayerError) in
        switch try operation.pair() {
        case .tensors: .plain(Merge(.divide))
        case .constant(let value, isFirst: true): .plain(ScalarOperation(.quotient, try operation.single(value)))
        case .constant(let value, isFirst: false): .plain(Rescaling(scale: value.map { 1 / $0 }))
        }
    }

    private enum Pair {
        case tensors
        case constant([Float], isFirst: Bool)
    }

    private func pair() throws(LayerError) -> Pair {
        let operands = try operands
        guard operands.count == 2 else { throw LayerError("\(kerasClass) takes two operands, not \(operands.count)") }
        switch (operands[0], operands[1]) {
        case (.tensor, .tensor): return .tensors
        case (.tensor, .constant(let value)): return .constant(value, isFirst: false)
        case (.constant(let value), .tensor): return .constant(value, isFirst: true)
        case (.constant, .constant): throw LayerError("\(kerasClass) of two constants is not supported")
        }
    }

    private var same: Bool { Set(inputs).count == 1 }

    private func single(_ values: [Float]) throws(LayerError) -> Float {
        guard values.count == 1 else {
            throw LayerError("\(kerasClass) is supported with one number, not \(values.count)")
        }
        return values[0]
    }
}
