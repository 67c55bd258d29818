import Models

/// How a row of outputs becomes an answer: the class whose output wins, of equal ones the first; with one output 1 for
/// yes or 0 for no.
public struct AnswerRule: Sendable {
    /// Outputs a sample.
    public let width: Int
    let decision: Network.Decision
    /// Above it, a single output says yes.
    let threshold: Float

    init(_ row: LossRow, _ decision: Network.Decision) {
        width = row.width
        threshold = row.threshold
        self.decision = decision
    }

    /// Nil where no output is a number: such a row answers nothing.
    public func answer(_ x: UnsafePointer<Float>) -> Int? {
        if width == 1 { return x[0].isNaN ? nil : x[0] > threshold ? 1 : 0 }
        var best: Int?
        for i in 0..<width where !x[i].isNaN {
            if best.map({ wins(x[i], over: x[$0]) }) ?? true { best = i }
        }
        return best
    }

    /// Whether fewer than `count` outputs win over that of `label`.
    func ranks(_ label: Int, of x: UnsafePointer<Float>, among count: Int) -> Bool {
        guard width > 1 else { return true }
        guard !x[label].isNaN else { return false }
        var better = 0
        for i in 0..<width where wins(x[i], over: x[label]) || (i < label && x[i] == x[label]) { better += 1 }
        return better < count
    }

    private func wins(_ a: Float, over b: Float) -> Bool { decision == .largest ? a > b : a < b }
}
