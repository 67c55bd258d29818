import Basics
import Lowering
import Models

/// Compiles a network for a shard size: walks it forward, through the loss, and backward, lets the engine emit kernels,
/// and packs memory. It emits itself what needs no engine (dropout, losses, `PlainLayer`).
public struct Planner<Compiler: LayerCompiler> {
    private let request: PlanRequest
    private let builder: PlanBuilder
    private let compiler: Compiler
    private var values: [Compiler.Tensor] = []
    private var saved: [Saved] = []

    private enum Saved {
        case engine(Compiler.Saved)
        case plain(any PlainLayer, kept: [BufferID])
        case dropout(mask: BufferID?)
        case random(any RandomLayer, notes: BufferID)
    }

    /// The gradient that a loss leaves for an output's value.
    private struct LossGradient {
        let value: Int
        let buffer: BufferID
    }

    /// `makeCompiler` gives the engine's compiler for the builder it will emit into.
    public static func plan(_ request: PlanRequest, makeCompiler: (PlanBuilder) throws -> Compiler) throws -> Plan {
        var planner = try Planner(request, makeCompiler)
        return try planner.plan()
    }

    private init(_ request: PlanRequest, _ makeCompiler: (PlanBuilder) throws -> Compiler) throws {
        self.request = request
        builder = PlanBuilder(
            network: request.network.network, operations: request.network.operations, samples: request.samples,
            purpose: request.purpose,
            batchNormalization: request.batchNormalization, arena: request.arena,
            keepsWeightCopies: request.keepsWeightCopies, sums: request.sums,
            largestShard: request.largestShard ?? request.samples)
        compiler = try makeCompiler(builder)
    }

    private var operations: [Operation] { request.network.operations }
    private var samples: Int { request.samples }
    /// The network's own output, then the others.
    private var outputs: [LoweredNetwork.Output] { [request.network.output] + request.network.auxiliaryOutputs }

    private mutating func plan() throws -> Plan {
        let inputs = request.network.inputs.map { builder.activation(floats: samples * $0.count) }
        for input in inputs { builder.pin(input) }
        try forward(from: inputs)
        let logits =
            request.purpose == .prediction
            ? try joined(outputs) : try compiler.plain(values[request.network.output.value])
        var targets: BufferID?
        var weights: BufferID?
        if request.purpose != .prediction {
            let places = TargetPlace.places(of: request.targets, widths: outputs.map(request.width))
            let buffer = builder.activation(bytes: samples * places[0].width * MemoryLayout<Float>.stride, of: .other)
            builder.pin(buffer)
            targets = buffer
            if request.isWeighted {
                let buffer = builder.activation(bytes: samples * MemoryLayout<Float>.stride, of: .other)
                builder.pin(buffer)
                weights = buffer
            }
            var gradients: [LossGradient?] = []
            for (number, (output, place)) in zip(outputs, places).enumerated() {
                let logits = number == 0 ? logits : try compiler.plain(values[output.value])
                gradients.append(try emitLoss(of: output, number, logits: logits, targets: buffer, place, weights))
            }
            let needsGradient = request.network.needsGradient
            for penalized in request.network.penalizedValues {
                gradients.append(try emitPenalty(of: penalized, givesGradient: needsGradient[penalized.value]))
            }
            if builder.isTraining { try backward(from: gradients.compactMap(\.self)) }
        }
        builder.pin(logits)
        return Plan(
            builder: builder, request: request, inputs: inputs, targets: targets, weights: weights, output: logits)
    }

    // MARK: Forward

    private mutating func forward(from inputs: [BufferID]) throws {
        for (input, operation) in zip(inputs, operations) {
            values.append(try compiler.tensor(input, operation.outputShape))
            saved.append(.dropout(mask: nil))
        }
        for operation in operations.dropFirst(inputs.count) {
            builder.enter(layer: operation.name, kind: operation.kind, phase: .forward)
            let inputs = operation.inputs.map { values[$0] }
            switch operation.layer {
            case .dropout(let layer): try emitDropout(layer, operation, inputs[0])
            default:
                if let random = operation.randomLayer(samples: samples) {
                    try emitRandom(random, operation, inputs[0])
                    continue
                }
                if !compiler.replacesPlainLayer(operation), let plain = operation.plainLayer(samples: samples) {
                    try emitPlain(plain, operation, inputs)
                    continue
                }
                let (output, kept) = try compiler.forward(operation, inputs)
                values.append(output)
                saved.append(.engine(kept))
                if case .batchNormalization(let layer) = operation.layer, builder.isTraining {
                    for statistic in [layer.movingMean, layer.movingVariance] {
                        _ = builder.endCall(of: operation.parameters[statistic], momentum: layer.momentum)
                    }
                }
            }
        }
    }

    /// The outputs of each sample in a row.
    private func joined(_ outputs: [LoweredNetwork.Output]) throws -> BufferID {
        let parts = try outputs.map(finish)
        guard parts.count > 1 else { return parts[0] }
        let (rows, widths) = (samples, outputs.map(request.width))
        let width = widths.reduce(0, +)
        let result = builder.activation(floats: rows * width)
        builder.emit("outputs", reads: parts, writes: [result]) { memory in
            let (sources, target) = (parts.map { memory.floats($0) }, memory.floats(result))
            return { _ in
                var column = 0
                for (source, own) in zip(sources, widths) {
                    for row in 0..<rows { (target + row * width + column).update(from: source + row * own, count: own) }
                    column += own
                }
            }
        }
        return result
    }

    /// An output row-major, with the absorbed activation applied.
    private func finish(_ last: LoweredNetwork.Output) throws -> BufferID {
        let logits = try compiler.plain(values[last.value])
        guard last.activation != .linear else { return logits }
        let (rows, width, activation) = (samples, request.width(last), last.activation)
        let output = builder.activation(floats: rows * width)
        builder.emit("activation", reads: [logits], writes: [output]) { memory in
            let (source, target) = (memory.floats(logits), memory.floats(output))
            return activation == .softmax
                ? { _ in softmaxForward(source, target, rows: rows, width: width) }
                : { _ in sigmoidForward(source, target, count: rows * width) }
        }
        return output
    }

    private mutating func emitDropout(_ layer: Dropout, _ operation: Operation, _ input: Compiler.Tensor) throws {
        guard builder.isTraining, layer.rate > 0 else {
            values.append(input)
            saved.append(.dropout(mask: nil))
            return
        }
        let source = try compiler.plain(input)
        let width = operation.outputShape.count
        let (output, mask) = (builder.activation(floats: samples * width), builder.activation(floats: samples * width))
        let kernel = DropoutKernel(
            rate: layer.rate, layer: values.count, rows: samples, width: width, dropsSamples: layer.dropsSamples)
        builder.emit(reads: [source], writes: [output, mask]) { memory in
            let (source, output, mask) = (memory.floats(source), memory.floats(output), memory.floats(mask))
            return { context in
                kernel.fillMask(mask, context)
                multiply(source, mask, into: output, count: kernel.count)
            }
        }
        values.append(try compiler.tensor(output, operation.outputShape))
        saved.append(.dropout(mask: mask))
    }

    private mutating func emitRandom(
        _ layer: any RandomLayer, _ operation: Operation, _ input: Compiler.Tensor
    ) throws {
        let source = try compiler.plain(input)
        let output = builder.activation(floats: samples * operation.outputShape.count)
        let notes = builder.activation(floats: layer.noteCount)
        let number = values.count
        builder.emit(reads: [source], writes: [output, notes]) { memory in
            let (x, y, notes) = (memory.floats(source), memory.floats(output), memory.floats(notes))
            return { context in
                layer.forward(
                    x, into: y, notes: notes,
                    SampleRandom(
                        seed: context.seed, step: context.step, layer: number, firstSample: context.firstSample))
            }
        }
        values.append(try compiler.tensor(output, operation.outputShape))
        saved.append(.random(layer, notes: notes))
    }

    private mutating func emitPlain(
        _ layer: any PlainLayer, _ operation: Operation, _ inputs: [Compiler.Tensor]
    ) throws {
        let sources = try inputs.map { try compiler.plain($0) }
        let output = builder.activation(floats: samples * operation.outputShape.count)
        let parameters = operation.parameters.map { builder.plainParameter($0) }
        let scratch = builder.scratch(floats: layer.scratchCount)
        builder.emit(reads: sources + [scratch] + parameters, writes: [output]) { memory in
            let x = sources.map { UnsafePointer(memory.floats($0)) }
            let (y, scratch) = (memory.floats(output), memory.floats(scratch))
            let parameters = parameters.map { UnsafePointer(memory.floats($0)) }
            return { _ in layer.forward(x, parameters, into: y, scratch: scratch) }
        }
        values.append(try compiler.tensor(output, operation.outputShape))
        let kept: [BufferID] =
            switch layer.kept {
            case .inputs: sources
            case .inputsAndOutput: sources + [output]
            case .output: [output]
            case .nothing: []
            }
        saved.append(.plain(layer, kept: kept))
    }

    // MARK: Loss

    /// Emits the loss and the metrics. In training it also emits the gradient of the loss, summed over the shard's
    /// samples, and gives the value to which the gradient belongs.
    private func emitLoss(
        of output: LoweredNetwork.Output, _ number: Int, logits: BufferID, targets: BufferID, _ place: TargetPlace,
        _ weights: BufferID?
    ) throws -> LossGradient? {
        builder.enter(layer: output.name, kind: "loss", phase: .loss)
        let row = request.lossRow(of: output, number)
        let heads = request.loss.heads
        let kernel = LossKernel(
            row: row, targets: place, rows: samples,
            part: !heads.isEmpty
                ? .head(number, weight: heads[number].weight)
                : number == 0 ? .own : .auxiliary(weight: output.weight),
            rule: PredictionRule(row, request.network.network.decision(of: output.node)))
        let reads = [logits, targets] + [weights].compactMap(\.self)
        guard builder.isTraining else {
            builder.emit(reads: reads, writes: []) { memory in
                let (logits, targets, metrics) = (memory.floats(logits), memory[targets], memory.metrics)
                let weights = weights.map { UnsafePointer(memory.floats($0)) }
                return { _ in try kernel.run(logits, targets, weights, gradient: nil, metrics) }
            }
            return nil
        }
        let gradient = builder.activation(floats: kernel.rows * kernel.width)
        builder.emit(reads: reads, writes: [gradient]) { memory in
            let (logits, targets, metrics) = (memory.floats(logits), memory[targets], memory.metrics)
            let gradient = memory.floats(gradient)
            let weights = weights.map { UnsafePointer(memory.floats($0)) }
            return { _ in try kernel.run(logits, targets, weights, gradient: gradient, metrics) }
        }
        return LossGradient(value: output.value, buffer: gradient)
    }

    /// Emits the penalty of a value. In training it also emits the gradient, if that is wanted.
    private func emitPenalty(
        of penalized: LoweredNetwork.PenalizedValue, givesGradient: Bool
    ) throws -> LossGradient? {
        builder.enter(layer: penalized.name, kind: "penalty", phase: .loss)
        let source = try compiler.plain(values[penalized.value])
        let kernel = PenaltyKernel(
            penalty: penalized.penalty, count: samples * operations[penalized.value].outputShape.count)
        let gradient = builder.isTraining && givesGradient ? builder.activation(floats: kernel.count) : nil
        builder.emit(reads: [source], writes: [gradient].compactMap(\.self)) { memory in
            let (source, metrics) = (memory.floats(source), memory.metrics)
            let gradient = gradient.map { memory.floats($0) }
            return { _ in try kernel.run(source, gradient: gradient, metrics) }
        }
        return gradient.map { LossGradient(value: penalized.value, buffer: $0) }
    }

    // MARK: Backward

    private mutating func backward(from lossGradients: [LossGradient]) throws {
        let needsGradient = request.network.needsGradient
        var pending: [[Compiler.Tensor]] = Array(repeating: [], count: operations.count)
        for gradient in lossGradients {
            let shape = operations[gradient.value].outputShape
            pending[gradient.value].append(try compiler.tensor(gradient.buffer, shape))
        }

        for index in operations.indices.dropFirst().reversed() where needsGradient[index] {
            let operation = operations[index]
            builder.enter(layer: operation.name, kind: operation.kind, phase: .backward)
            guard let gradient = try accumulate(pending[index], others: pending, than: index) else { continue }
            pending[index] = []
            let mayOverwrite = !isShared(compiler.buffer(of: gradient), among: pending)
            let wanted = operation.inputs.map { needsGradient[$0] }
            let results = try backward(index, operation, gradient, mayOverwrite: mayOverwrite, wanted: wanted)
            for parameter in operation.parameters where isTrainable(parameter) {
                if builder.endCall(of: parameter) { builder.complete(parameter) }
            }
            for (input, result) in zip(operation.inputs, results) {
                if let result { pending[input].append(result) }
            }
        }
    }

    private func backward(
        _ index: Int, _ operation: Operation, _ gradient: Compiler.Tensor, mayOverwrite: Bool, wanted: [Bool]
    ) throws -> [Compiler.Tensor?] {
        switch saved[index] {
        case .engine(let kept):
            return try compiler.backward(
                operation, kept, gradient: gradient, mayOverwrite: mayOverwrite, wanted: wanted)
        case .plain(let layer, let kept):
            return try emitPlainBackward(layer, kept: kept, gradient, operation, wanted: wanted)
        case .dropout(mask: nil):
            return [gradient]
        case .dropout(let mask?):
            return [try emitProduct(gradient, mask, operation)]
        case .random(let layer, let notes):
            return [wanted[0] ? try emitRandomBackward(layer, notes: notes, gradient, operation) : nil]
        }
    }

    private func isTrainable(_ parameter: Int) -> Bool {
        builder.network.parameters[parameter].specification.role == .trainable
    }

    /// The sum of all gradients that consumers of one value have left.
    private func accumulate(
        _ gradients: [Compiler.Tensor], others pending: [[Compiler.Tensor]], than index: Int
    ) throws -> Compiler.Tensor? {
        guard var total = gradients.last else { return nil }
        var elsewhere = pending
        elsewhere[index] = []
        for next in gradients.dropLast().reversed() {
            let buffer = compiler.buffer(of: total)
            let isRead =
                isShared(buffer, among: elsewhere)
                || gradients.dropLast().contains { compiler.buffer(of: $0) == buffer }
            total = try compiler.sum(total, next, mayOverwriteFirst: !isRead)
        }
        return total
    }

    private func isShared(_ buffer: BufferID, among pending: [[Compiler.Tensor]]) -> Bool {
        pending.contains { $0.contains { compiler.buffer(of: $0) == buffer } }
    }

    private func emitProduct(_ gradient: Compiler.Tensor, _ mask: BufferID, _ operation: Operation) throws
        -> Compiler.Tensor
    {
        let source = try compiler.plain(gradient)
        let count = samples * operation.outputShape.count
        let result = builder.activation(floats: count)
        builder.emit(reads: [source, mask], writes: [result]) { memory in
            let (source, mask, result) = (memory.floats(source), memory.floats(mask), memory.floats(result))
            return { _ in multiply(source, mask, into: result, count: count) }
        }
        return try compiler.tensor(result, operation.outputShape)
    }

    private func emitRandomBackward(
        _ layer: any RandomLayer, notes: BufferID, _ gradient: Compiler.Tensor, _ operation: Operation
    ) throws -> Compiler.Tensor {
        let source = try compiler.plain(gradient)
        let result = builder.activation(floats: samples * operation.inputShapes[0].count)
        builder.emit(reads: [source, notes], writes: [result]) { memory in
            let (dy, notes, dx) = (memory.floats(source), memory.floats(notes), memory.floats(result))
            return { _ in layer.backward(dy, notes: notes, into: dx) }
        }
        return try compiler.tensor(result, operations[operation.inputs[0]].outputShape)
    }

    private func emitPlainBackward(
        _ layer: any PlainLayer, kept: [BufferID], _ gradient: Compiler.Tensor, _ operation: Operation, wanted: [Bool]
    ) throws -> [Compiler.Tensor?] {
        let source = try compiler.plain(gradient)
        let results = zip(wanted, operation.inputShapes).map { wanted, shape in
            wanted ? builder.activation(floats: samples * shape.count) : nil
        }
        let parameters = operation.parameters.map { builder.plainParameter($0) }
        let gradients = operation.parameters.map { isTrainable($0) ? builder.gradient(of: $0) : nil }
        let scratch = builder.scratch(floats: layer.scratchCount)
        let writes = (results + gradients).compactMap(\.self)
        builder.emit(reads: [source, scratch] + kept + parameters, writes: writes) { memory in
            let (dy, scratch) = (memory.floats(source), memory.floats(scratch))
            let kept = kept.map { UnsafePointer(memory.floats($0)) }
            let parameters = parameters.map { UnsafePointer(memory.floats($0)) }
            let dx = results.map { $0.map { memory.floats($0) } }
            let gradients = gradients.map { $0.map { memory.floats($0) } }
            return { _ in
                layer.backward(dy, kept: kept, parameters, into: dx, gradients: gradients, scratch: scratch)
            }
        }
        return try zip(results, operation.inputs).map { result, input in
            try result.map { try compiler.tensor($0, operations[input].outputShape) }
        }
    }
}

extension Plan {
    /// Fixes the arena if no earlier plan did, packs memory, and marks where gradients become ready.
    init(
        builder: PlanBuilder, request: PlanRequest, inputs: [BufferID], targets: BufferID?, weights: BufferID?,
        output: BufferID
    ) {
        let network = request.network.network
        var order = builder.completed.map { ($0.parameter, builder.formats[$0.parameter]) }
        let completed = Set(order.map(\.0))
        order += network.parameters.indices.filter { !completed.contains($0) }.map { ($0, builder.formats[$0]) }
        arena =
            request.arena
            ?? ArenaLayout(
                network,
                order: order.map { parameter, format in
                    let count = network.parameters[parameter].specification.shape.count
                    return (parameter, format ?? PlainFormat(elementCount: count))
                })

        var ready = 0
        for (parameter, segment, kernel) in builder.completed {
            ready = max(ready, arena[parameter: parameter].range.upperBound)
            builder.markGradientsReady(below: ready, segment: segment, kernel: kernel)
        }
        // Statistics lie behind the trainable parameters, and were there since the forward pass.
        if let last = builder.completed.last {
            builder.markGradientsReady(below: arena.gradientCount, segment: last.segment, kernel: last.kernel)
        }

        let activations = MemoryPlan(
            builder.buffers.map { if case .activation(let bytes) = $0.region { (bytes, $0.life) } else { (0, nil) } },
            packs: request.packsMemory)
        let scratch = MemoryPlan(
            builder.buffers.map { if case .scratch(let bytes) = $0.region { (bytes, $0.life) } else { (0, nil) } },
            packs: request.packsMemory)
        // Results of exchanges are small, and written between segments: each has a place of its own.
        let shared = MemoryPlan(
            builder.buffers.map { if case .shared(let bytes) = $0.region { (bytes, 0...0) } else { (0, nil) } },
            packs: false)
        let arena = arena
        addresses = builder.buffers.indices.map { index in
            switch builder.buffers[index].region {
            case .activation(let bytes): .activation(activations.offsets[index], bytes: bytes)
            case .scratch: .scratch(scratch.offsets[index])
            case .shared: .shared(shared.offsets[index])
            case .weightCopy(let copy): .weightCopy(copy)
            case .parameter(let parameter): .parameter(arena[parameter: parameter].offset)
            case .gradient(let parameter): .gradient(arena[parameter: parameter].offset)
            }
        }
        contents = builder.buffers.map { buffer in
            switch buffer.region {
            case .activation(let bytes), .shared(let bytes), .scratch(let bytes): (buffer.contents, bytes)
            case .weightCopy(let copy): (buffer.contents, builder.weightCopies[copy].bytes)
            // Behind a gradient, memory of several levels holds what other segments have left there.
            case .parameter(let index), .gradient(let index):
                (buffer.contents, arena[parameter: index].elements.count * MemoryLayout<Float>.stride)
            }
        }
        activationBytes = activations.byteCount
        scratchBytes = scratch.byteCount
        sharedBytes = shared.byteCount
        samples = request.samples
        segments = zip(builder.segments, builder.gradientWrites).map { segment, written in
            var segment = segment
            // Memory of several levels is used again by other segments, so what no kernel writes must not be added.
            segment.gradients =
                request.sums == nil
                ? Self.merged(written.map { arena[parameter: $0].range })
                : written.map { arena[parameter: $0].elements }.sorted { $0.lowerBound < $1.lowerBound }
            return segment
        }
        if request.sums != nil {
            for (number, segment) in segments.enumerated() {
                for (kernel, planned) in segment.kernels.enumerated() {
                    segments[number].kernels[kernel].gradients = planned.writes.compactMap { buffer in
                        guard case .gradient(let parameter) = builder.buffers[buffer.index].region else { return nil }
                        return arena[parameter: parameter].elements
                    }
                }
            }
        }
        spareCount = request.sums == nil ? 0 : segments.map(\.span).max() ?? 0
        weightCopies = builder.weightCopies
        remarks = builder.remarks
        predictionRule = PredictionRule(request.lossRow(of: request.network.output, 0), network.decision)
        heads = request.loss.heads.count
        self.inputs = inputs
        mainInput = inputs.count > 1 ? network.mainInput : 0
        self.targets = targets
        self.weights = weights
        self.output = output
    }

    /// Neighbouring ranges as one, ascending.
    private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, last.upperBound == range.lowerBound {
                result[result.count - 1] = last.lowerBound..<range.upperBound
            } else {
                result.append(range)
            }
        }
        return result
    }
}

extension PlanRequest {
    /// Numbers a sample.
    fileprivate func width(_ output: LoweredNetwork.Output) -> Int { network.network.shapes[output.node].count }

    /// The loss of a row of an output, by its number.
    fileprivate func lossRow(of output: LoweredNetwork.Output, _ number: Int) -> LossRow {
        let loss = loss.ofOutput(number)
        return LossRow(loss, width: width(output), takesLogits: output.takesLogits(loss))
    }
}
