import Models

/// What a golden file has of each gradient, in the order of the network's parameters: its norm, and some of its elements.
struct GoldenGradients {
    struct Row {
        let norm: Double
        let elements: ArraySlice<Double>
        /// Where the elements are.
        let places: [Int]
    }

    let network: Network
    let rows: [Row]

    /// The largest difference of a norm or of an element, as a part of the gradient's size; batch statistics
    /// count as gradients.
    func worst(of gradients: ParameterValues) -> (part: Double, message: String) {
        var worst = (part: 0.0, message: "")
        for (index, parameter) in network.parameters.enumerated() where parameter.specification.role != .frozen {
            let (gradient, row) = (gradients[index], rows[index])
            let size = size(of: index)
            let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            var pairs = zip(row.places, row.elements).map { ("element \($0)", Double(gradient[$0]), $1) }
            pairs.append(("its norm", norm, row.norm))
            for (name, value, expected) in pairs {
                // A NaN is further off than anything.
                let difference = value.isFinite ? abs(value - expected) : .infinity
                guard difference > worst.part * size else { continue }
                let message =
                    "\(parameter.path), \(name): \(value), not \(expected), where the gradient's size is \(size)"
                worst = (difference / size, message)
            }
        }
        return worst
    }

    /// Whether a parameter has no gradient, such as a bias that a normalisation takes out again: only rounding is left of
    /// sums that cancel.
    func isRounding(_ index: Int) -> Bool { rows[index].norm < 1e-9 * largest(beside: index) }

    /// The gradient's norm, or where sums cancel a hundredth of its layer's largest; of what is rounding, all of that.
    private func size(of index: Int) -> Double {
        let largest = largest(beside: index)
        return isRounding(index) ? largest : max(rows[index].norm, 0.01 * largest)
    }

    /// The largest norm among the gradients of a parameter's layer; batch statistics have other units.
    private func largest(beside index: Int) -> Double {
        let node = network.parameters[index].node
        return network.parameters.indices.reduce(0) {
            let parameter = network.parameters[$1]
            return parameter.node == node && parameter.specification.role == .trainable ? max($0, rows[$1].norm) : $0
        }
    }
}
