import Basics

/// What holds of every state that a run can be in.
extension RunState {
    /// Counts of epochs and of steps in one.
    static let counts = 0...Int(Int32.max)
    /// Counts of steps in a run, and of samples in an epoch: what a Double holds exactly.
    static let largeCounts = 0...(1 << 53)

    /// What `epochSums` may hold: counts, and sums of values.
    static let sums = (
        counts: ["correct", "correct_outputs", "samples"], values: ["absolute_error", "loss", "squared_error"]
    )

    /// The name of a sum of one of several outputs, by its number: `correct`, or one of `sums.values`.
    package static func headSum(_ number: Int, _ what: String) -> String { "output_\(number)_\(what)" }

    /// Refuses sums and a learning rate that are not finite. Weights and slots are looked at when they are written.
    func requireFinite() throws(FileError) {
        for rate in [optimizer.learningRate, epochStart?.learningRate ?? 0] where !Float(rate).isFinite {
            throw .notFinite("the learning rate")
        }
        for (name, value) in epochSums.sorted(by: { $0.key < $1.key }) where !value.isFinite {
            throw .notFinite("the epoch's sum of \(name)")
        }
    }

    /// The steps since frozen layers began to train, with a new optimizer; nil if they have not.
    private var stepsSinceUnfreezing: Int? {
        guard let epoch = options["unfreeze-at-epoch"].flatMap({ Int($0) }), epoch > 0, position.epoch >= epoch
        else { return nil }
        return position.globalStep - epoch * ((position.globalStep - position.step) / position.epoch)
    }

    /// Those of the optimizer before the run.
    private var earlierUpdates: Int {
        options["earlier-updates"].flatMap { Int($0) }.flatMap { Self.counts.contains($0) ? $0 : nil } ?? 0
    }

    /// Refuses what no run could have written, though each value for itself is possible. `file` is where it was found.
    func requireConsistent(_ file: String) throws(FileError) {
        func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws(FileError) {
            if !holds { throw FileError(.content, file: file, "it contradicts itself: \(problem())") }
        }
        try require(position.isPossible, "step \(position.globalStep) of the run is not \(position.stepText)")
        try require(
            history.count == position.epoch,
            "its history has \(history.count) epochs, but \(position.epoch) are finished")
        try require(
            optimizer.iteration == position.globalStep + earlierUpdates || optimizer.iteration == stepsSinceUnfreezing,
            "its optimizer made \(optimizer.iteration) updates in \(position.globalStep) steps")
        try require(epochStart == nil || position.step > 0, "it holds an epoch's start beside itself")
        // One output tells two classes apart.
        let outputs = network.outputShape.count
        try require(
            epochSums["correct_outputs"] ?? 0 <= Double(outputs) * (epochSums["samples"] ?? 0),
            "more outputs were right than there were")
        try require(
            classNames.count <= max(2, outputs),
            "it names \(classNames.count) classes, but its network has \(outputs) outputs")
    }
}

extension RunState.Position {
    /// Whether all finished epochs can have had the same number of steps, and the one that has begun no more.
    fileprivate var isPossible: Bool {
        let earlier = globalStep - step
        guard epoch > 0 else { return earlier == 0 }
        return earlier > 0 && earlier % epoch == 0 && step <= earlier / epoch
    }

    fileprivate var stepText: String { "step \(step) of an epoch after \(epoch) finished ones" }
}

extension FileError {
    /// `object` is a part of the state that is to be saved.
    package static func notFinite(_ object: String) -> FileError {
        FileError(.notFinite, file: "checkpoint", "\(object) holds values that are not finite")
    }
}
