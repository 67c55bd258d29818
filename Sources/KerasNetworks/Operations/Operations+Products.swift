import Basics
import Models

extension KerasOperation {
    /// Products of the matrices that two tensors hold for each sample.
    static let products: [String: Reader] = [
        "Matmul": { (operation) throws(LayerError) in
            try operation.requireTwoTensors()
            return .plain(MatrixProduct())
        },
        "Einsum": { (operation) throws(LayerError) in
            let subscripts = try operation.options.word("subscripts")
            try operation.requireTwoTensors()
            guard let product = MatrixProduct(einsum: subscripts) else {
                throw LayerError(
                    "Einsum of \(subscripts) is not supported: it must be a product of matrices, such as bnk,bkm->bnm or "
                        + "bnk,bmk->bnm")
            }
            return .plain(product)
        },
    ]

    private func requireTwoTensors() throws(LayerError) {
        for operand in try operands {
            if case .constant = operand { throw LayerError("\(kerasClass) with a constant is not supported") }
        }
        guard inputs.count == 2 else { throw LayerError("\(kerasClass) takes two tensors, not \(inputs.count)") }
    }
}

extension MatrixProduct {
    /// Of letters for axes: first that of the batch, then those that both and the result have, or `...` for them, then two of a
    /// matrix. Nil for what is no product of matrices.
    fileprivate init?(einsum subscripts: String) {
        let sides = subscripts.filter { $0 != " " }.replacing("...", with: "…").split(
            separator: ">", omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].last == "-" else { return nil }
        let operands = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        let all = operands + [Array(sides[1])]
        guard all.count == 3,
            all.allSatisfy({ axes in
                axes.count >= 3 && axes.allSatisfy { $0.isLetter || $0 == "…" } && Set(axes).count == axes.count
                    && axes.dropLast(2) == all[0].dropLast(2)
            })
        else { return nil }
        let (first, second, result) = (all[0].suffix(2), all[1].suffix(2), Array(all[2].suffix(2)))
        guard let inner = first.first(where: { second.contains($0) && !result.contains($0) }),
            let row = first.first(where: { $0 != inner }), let column = second.first(where: { $0 != inner }),
            result == [row, column]
        else { return nil }
        self.init(transposesFirst: first.first == inner, transposesSecond: second.last == inner)
    }

    /// Keras's layer `Dot` of two sequences, which goes home as it.
    init(dotOfSequences options: inout KerasOptions) throws(LayerError) {
        options.keepClass("axes", "normalize")
        let given = try options.integers("axes") ?? []
        let axes = given.map { $0 < 0 ? $0 &+ 2 : $0 &- 1 }
        guard (1...2).contains(axes.count), axes.allSatisfy((0...1).contains) else {
            throw LayerError(
                "its option axes = \(given) is not supported: it must be one axis of each sequence, 1 or 2")
        }
        try options.require("normalize", false)
        self.init(transposesFirst: axes[0] == 0, transposesSecond: axes[axes.count - 1] == 1)
    }
}
