import Basics
import DataPipeline
import Execution

/// What a rank knows of a step that is not finite. All ranks' reports together tell where it began.
struct NonFiniteReport: Codable {
    /// Of the update.
    var problem: ParameterUpdate.Problem?
    var finding: Finding?

    /// Where a shard first held a NaN or an infinity.
    struct Finding: Codable {
        /// Counts what runs without waiting for other ranks, so it is the same on all ranks.
        let stage: Int
        let shard: Int
        /// As text, if it is the loss that showed it: JSON knows no NaN.
        var loss: String?
        let place: String
        let remedy: String
        /// The samples of the shard by their rows in the data, from 0.
        let rows: [Int]
    }

    /// Of all ranks: what the first report says, in the order of stages and shards, and of the arena. `step` counts from 0;
    /// in messages steps count from 1.
    static func text(_ reports: [NonFiniteReport], step: Int) -> String {
        let finding = reports.compactMap(\.finding).min { ($0.stage, $0.shard) < ($1.stage, $1.shard) }
        let problem = reports.compactMap(\.problem).min { $0.offset < $1.offset }
        let usual = "a lower --learning-rate or a --warm-up often helps"
        let subject =
            if let loss = finding?.loss {
                "the loss of step \(step + 1) is \(loss)"
            } else if let problem {
                "\(problem.what) in step \(step + 1) is not finite"
            } else {
                "the loss or a gradient of step \(step + 1) is not finite"
            }
        guard let finding else { return "\(subject); \(usual)." }
        return "\(subject): \(finding.place); \(finding.remedy). The training samples of this shard are rows "
            + "\(finding.rows.map(String.init).listed(atMost: 16))."
    }
}

extension NonFiniteReport.Finding {
    init(_ origin: NonFiniteOrigin, _ plan: BoundPlan, _ samples: ShardBatch, stage: Int, shard: Int) {
        self.stage = stage
        self.shard = shard
        rows = (0..<samples.count).map { samples.row($0) }.sorted()
        let usual = "a lower --learning-rate or a --warm-up often helps"
        guard plan.inputIsFinite else {
            (loss, place) = (nil, "the input holds values that are not finite")
            remedy = "see `dptrain data inspect`, or --on-nan skip"
            return
        }
        switch origin {
        case .layer(let layer, let phase):
            loss = nil
            place =
                "the first layer with a value that is not finite is \(layer)"
                + (phase == .forward ? "" : ", in the backward pass")
            remedy = usual
        case .loss(let value):
            loss = Self.text(value)
            place = "all layers are finite, so it is the loss itself that overflowed"
            remedy = "try a lower --learning-rate"
        }
    }

    static func text(_ loss: Double) -> String { loss.isNaN ? "NaN" : "\(loss)" }
}
