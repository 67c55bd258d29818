import Basics

/// What a run is about to do, said once at its start.
public struct RunBanner: Sendable {
    public var model: String
    public var totalParameters: Int
    public var trainableParameters: Int
    public var data: String
    /// What serves as validation, in words.
    public var validation: String
    public var ranks: Int
    public var threads: Int
    /// What the ranks of this machine will take at most, in words.
    public var memory: String
    /// Library, version and instruction set.
    public var engine: String
    public var shards: Int
    public var batchSize: Int
    public var precision: String
    public var optimizer: String
    public var output: String
    /// Where a resumed run goes on, in words.
    public var resumed: String?
    public var warnings: [String]

    public init(
        model: String, totalParameters: Int, trainableParameters: Int, data: String, validation: String, ranks: Int,
        threads: Int, memory: String, engine: String, shards: Int, batchSize: Int, precision: String, optimizer: String,
        output: String, resumed: String? = nil, warnings: [String] = []
    ) {
        self.model = model
        self.totalParameters = totalParameters
        self.trainableParameters = trainableParameters
        self.data = data
        self.validation = validation
        self.ranks = ranks
        self.threads = threads
        self.memory = memory
        self.engine = engine
        self.shards = shards
        self.batchSize = batchSize
        self.precision = precision
        self.optimizer = optimizer
        self.output = output
        self.resumed = resumed
        self.warnings = warnings
    }

    public var lines: [String] {
        var parameters = "\(totalParameters.grouped) parameters"
        if trainableParameters != totalParameters {
            parameters += ", \(trainableParameters.grouped) trainable"
        }
        var rows = [
            ("model", "\(model): \(parameters)"),
            ("data", data),
            ("validation", validation),
            ("workers", "\(Figures.count(ranks, "rank")) x \(Figures.count(threads, "thread"))"),
            ("memory", memory),
            ("batch", "\(batchSize) samples in \(Figures.count(shards, "shard"))"),
            ("engine", "\(engine), \(precision)"),
            ("optimizer", optimizer),
            ("output", output),
        ]
        if let resumed { rows.append(("resumed", resumed)) }
        rows += warnings.map { ("warning", $0) }
        return rows.map { name, text in name.padded(to: 12) + text }
    }
}
