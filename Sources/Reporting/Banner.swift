import Basics

/// What the console shows of a run at its start.
extension RunBegun {
    /// A line a fact.
    public var banner: [String] {
        var parameters = "\(totalParameters.grouped) parameters"
        if trainableParameters != totalParameters {
            parameters += ", \(trainableParameters.grouped) trainable"
        }
        var rows = [
            ("model", "\(model): \(parameters)"),
            ("data", data),
            ("input", input),
            ("validation", validation),
            ("workers", "\(Figures.count(ranks, "rank")) x \(Figures.count(threads, "thread"))"),
            ("memory", memory),
            ("batch", "\(batchSize) samples in \(Figures.count(shards, "shard"))"),
            ("engine", "\(engine), \(precision)"),
            ("optimizer", optimizer),
            ("output", output),
        ]
        if let resumed { rows.append(("resumed", resumed)) }
        rows += start.enumerated().map { ($0.offset == 0 ? "weights" : "", $0.element) }
        rows += notes.map { ("note", $0) }
        rows += warnings.map { ("warning", $0) }
        return rows.map { name, text in name.padded(to: 12) + text }
    }
}
