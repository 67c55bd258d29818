import Basics
import DataPipeline
import Datasets
import Execution
import Models
import Transforms

/// What a network and the samples must have in common.
extension Network {
    /// Refuses data whose transformed samples do not fit the network, and a network whose output is not a row of
    /// numbers.
    package func requireFit(to source: BatchSource) throws {
        try requireFurtherInputs(of: source)
        let samples = source.input.transforms
        guard takes(samples.output.shape) else {
            throw NetworkError(
                network: name, layer: nodes[mainInput].name,
                reason:
                    "takes samples of \(inputShape), but the data has \(samples.shapeText); leave out --input-size, "
                    + "and a model by name takes the shape of the data, or have images resized with --crop-fraction 1")
        }
        for output in heads + [nodes.count - 1] where shapes[output].rank != 1 {
            throw NetworkError(
                network: name, layer: nodes[output].name, reason: "the output \(shapes[output]) is no vector")
        }
    }

    /// Refuses a network whose numbers of rows would be rounded to others, since bf16 has eight bits of a number.
    package func requirePrecision(_ precision: Precision) throws(NetworkError) {
        guard precision == .bf16 else { return }
        for node in nodes {
            guard node.layer.description is Embedding, !node.inputs.allSatisfy(isSinglePrecision) else { continue }
            throw NetworkError(
                network: name, layer: node.name,
                reason: "bf16 rounds the numbers of its rows, which the network computes; use --precision fp32")
        }
    }

    /// Whether values are in single precision in bf16 too: samples, and what plain loops make of them.
    private func isSinglePrecision(_ node: Int) -> Bool {
        let (layer, inputs) = (nodes[node].layer, nodes[node].inputs)
        // The input of a model inside the model has inputs of its own.
        if layer.isInput { return inputs.allSatisfy(isSinglePrecision) }
        let isPlain = layer.description is Slice || layer.description is ScalarOperation
        return isPlain && inputs.allSatisfy(isSinglePrecision)
    }

    private func requireFurtherInputs(of source: BatchSource) throws {
        let samples = source.dataset.further
        guard samples.map(\.name) == furtherInputs.map({ nodes[$0].name }) else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "it has the inputs \(inputText), but the data has samples for \(1 + samples.count)")
        }
        for (node, input) in zip(furtherInputs, samples) where !takes(input.source.sample, at: node) {
            throw NetworkError(
                network: name, layer: nodes[node].name,
                reason: "takes samples of \(shapes[node]), but \(input.source.dataset.path) has \(input.source.sample)")
        }
    }

    /// Refuses samples of several classes, or of none, for a network whose outputs exclude each other.
    package func requireOneClass(of samples: SampleSet, for loss: Loss) throws {
        guard samples.heads.isEmpty else { return }
        let excludes = nodes[nodes.count - 1].layer.activation == .softmax || loss.function.isOfClasses
        guard excludes, samples.targets.isMultiHot, let (sample, classes) = samples.targets.firstNotOneHot else {
            return
        }
        throw DatasetError(
            file: samples.file, object: samples.targetsPath,
            "row \(samples.rows[sample]) names \(classes) classes, but the outputs of \(name) exclude each other",
            remedy:
                "name one class a row, or use --loss binary_crossentropy with a model of the zoo or one that ends in sigmoid"
        )
    }

    /// Refuses labels or target values that do not fit the outputs.
    package func requireTargets(of source: BatchSource, for loss: Loss) throws {
        guard heads.isEmpty else {
            try source.dataset.requireLabelsOfHeads()
            return try requireTargets(source.dataset.heads, of: source.input.output, for: loss)
        }
        try requireTargets(of: source.input.output, for: loss, output: nodes.count - 1)
    }

    /// The same for one of the outputs.
    func requireTargets(of samples: SampleSpecification, for loss: Loss, output: Int) throws {
        let (layer, decision) = (nodes[output].name, decision(of: output))
        guard (loss.function == .maximumAPosteriori) == (decision == .smallest) else {
            throw NetworkError(
                network: name, layer: layer,
                reason: decision == .smallest
                    ? "its outputs are distances, which go with the loss maximum_a_posteriori only"
                    : "the loss maximum_a_posteriori needs outputs that are distances")
        }
        let isRegression = samples.targetKind == .values
        if isRegression, loss.function.needsLabels {
            throw NetworkError(
                network: name, layer: nil,
                reason:
                    "its loss \(loss.function.rawValue) tells classes apart, but the data has target values, not labels"
            )
        }
        let needed = samples.targetCount
        let outputs = shapes[output].count
        guard samples.targetKind != .shares || (outputs == needed && decision == .largest) else {
            throw NetworkError(
                network: name, layer: layer,
                reason:
                    "mixed samples have a share for each of \(needed) classes, which needs \(needed) outputs that are scores; "
                    + "leave mixup and cutmix out of --augment")
        }
        guard outputs > 1 || !(loss.function.isOfClasses || nodes[output].layer.activation == .softmax) else {
            throw NetworkError(
                network: name, layer: layer,
                reason: "it has one output, for which the loss \(loss.function.rawValue) is the same whatever it learns"
                    + (needed <= 1
                        ? "; the data has one class only: see `dptrain data inspect`, or give --classes 2" : ""))
        }
        let isYesOrNo = outputs == 1 && needed <= 2 && !loss.function.isOfClasses
        guard isRegression ? outputs == needed : outputs >= needed || isYesOrNo else {
            let remedy =
                outputs == 1 && !isRegression
                ? "one output tells two classes apart: give --classes \(needed) --loss sparse_categorical_crossentropy"
                : "leave out --classes, and a model by name has as many outputs as the data needs"
            throw NetworkError(
                network: name, layer: layer,
                reason: "it has \(Figures.count(outputs, "output")), but the data needs \(needed); " + remedy)
        }
    }
}
