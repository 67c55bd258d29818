import Basics
import Models

/// Builds modules of parallel branches, which all Inception networks consist of.
struct InceptionBuilder {
    typealias Tensor = GraphBuilder.Tensor
    typealias Branch = [Step]

    /// A step of a branch. Poolings have windows of 3x3.
    enum Step: Sendable {
        case convolution(Int, kernel: Extent2D, stride: Extent2D, padding: Padding)
        case averagePooling
        case maxPooling(stride: Extent2D, padding: Padding)
        /// Branches inside a branch, joined; the join may have a name of its own.
        case fork([Branch], name: String? = nil)

        static func conv(_ filters: Int, _ side: Int, stride: Extent2D = 1, _ padding: Padding = .same) -> Step {
            .convolution(filters, kernel: Extent2D(side), stride: stride, padding: padding)
        }

        static func conv(_ filters: Int, _ height: Int, _ width: Int) -> Step {
            .convolution(filters, kernel: Extent2D(height: height, width: width), stride: 1, padding: .same)
        }
    }

    /// What surrounds each convolution; a ReLU ends all.
    enum Style {
        case biased
        case normalized(bias: Bool, scale: Bool)
    }

    var graph: GraphBuilder
    let style: Style
    /// Whether layers are called after their module, branch and step; otherwise they have Keras's automatic names.
    let namesSteps: Bool

    init(_ name: String, input: Shape, style: Style, namesSteps: Bool = true) {
        graph = GraphBuilder(name, input: input)
        (self.style, self.namesSteps) = (style, namesSteps)
    }

    /// One branch after another over the same `x`, then all that they end in side by side.
    mutating func module(_ x: Tensor, _ branches: [Branch], name: String) -> Tensor {
        join(x, branches, steps: namesSteps ? name : nil, name: name)
    }

    /// x + scale · a 1x1 convolution, with bias and neither normalised nor rectified, of what the branches end in.
    mutating func residual(
        _ x: Tensor, _ branches: [Branch], filters: Int, scale: Float, name: String, rectified: Bool = true
    ) -> Tensor {
        let mixed = join(x, branches, steps: namesSteps ? name : nil, name: "\(name)_mixed")
        let residual = graph.convolution(mixed, filters, kernel: 1, name: "\(name)_conv")
        let sum = graph.sum(x, residual, scaledBy: scale, name: namesSteps ? "\(name)_add" : nil)
        return rectified ? graph.activation(sum, .relu, name: "\(name)_ac") : sum
    }

    // Inlined into the stems, it is more than the optimizer of Swift 6.3 can take: it crashes in SwiftArrayPropertyOpt.
    @inline(never)
    mutating func walk(_ x: Tensor, _ branch: Branch, name: String? = nil) -> Tensor {
        var y = x
        for (number, step) in branch.enumerated() { y = apply(step, to: y, name: name.map { "\($0)_\(number + 1)" }) }
        return y
    }

    /// Mean, dropout where there is any, dense, softmax.
    mutating func top(_ x: Tensor, classes: Int, dropout: Float? = nil) {
        var y = graph.globalAveragePooling(x, name: "avg_pool")
        if let dropout { y = graph.dropout(y, rate: dropout, name: "dropout") }
        _ = graph.dense(y, classes, activation: .softmax, name: "predictions")
    }

    /// For the windows of auxiliary classifiers: 5x5, or less where less is left of a small image. `rest` tells how
    /// much of a side.
    static func window(on image: Shape, rest: (Int) -> Int) -> Extent2D {
        guard image.rank == 3 else { return 5 }
        return Extent2D(height: min(rest(image[0]), 5), width: min(rest(image[1]), 5))
    }

    private mutating func join(_ x: Tensor, _ branches: [Branch], steps: String?, name: String?) -> Tensor {
        var ends: [Tensor] = []
        for (number, branch) in branches.enumerated() {
            ends.append(walk(x, branch, name: steps.map { "\($0)_\(number + 1)" }))
        }
        return graph.concatenation(ends, name: name)
    }

    private mutating func apply(_ step: Step, to x: Tensor, name: String?) -> Tensor {
        switch step {
        case .averagePooling: graph.averagePooling(x, 3, stride: 1, padding: .same, name: name)
        case .maxPooling(let stride, let padding):
            graph.maxPooling(x, 3, stride: stride, padding: padding, name: name)
        case .fork(let branches, let given): join(x, branches, steps: name, name: given ?? name)
        case .convolution(let filters, let kernel, let stride, let padding):
            convolution(x, filters, kernel: kernel, stride: stride, padding: padding, name: name)
        }
    }

    mutating func convolution(
        _ x: Tensor, _ filters: Int, kernel: Extent2D, stride: Extent2D = 1, padding: Padding = .same, name: String?
    ) -> Tensor {
        guard case .normalized(let bias, let scale) = style else {
            return graph.convolution(
                x, filters, kernel: kernel, stride: stride, padding: padding, activation: .relu, name: name)
        }
        let y = graph.convolution(
            x, filters, kernel: kernel, stride: stride, padding: padding, bias: bias, name: name)
        let z = graph.batchNormalization(y, scale: scale, name: name.map { "\($0)_bn" })
        return graph.activation(z, .relu, name: name.map { "\($0)_ac" })
    }
}
