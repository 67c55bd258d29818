import Basics
import Interchange
import Models

/// What differs between two run states; `dptrain checkpoint diff` shows it. Numbers are compared by their bits: NaN
/// equals itself and -0 is not 0.
public struct CheckpointDifference: Sendable, Equatable {
    /// One line a difference; empty where the states are equal.
    public let lines: [String]

    public var isEmpty: Bool { lines.isEmpty }

    public init(_ a: RunState, _ b: RunState) {
        var lines: [String] = []
        let values: [(String, String, String)] = [
            ("loss", a.loss.description, b.loss.description),
            ("epochs finished", "\(a.position.epoch)", "\(b.position.epoch)"),
            ("steps finished in the epoch", "\(a.position.step)", "\(b.position.step)"),
            ("steps finished", "\(a.position.globalStep)", "\(b.position.globalStep)"),
            ("optimizer", a.optimizer.text, b.optimizer.text),
            ("learning rate", "\(a.optimizer.learningRate)", "\(b.optimizer.learningRate)"),
            (
                "learning rate at the epoch's start", a.epochStart.map { "\($0.learningRate)" } ?? "none",
                b.epochStart.map { "\($0.learningRate)" } ?? "none"
            ),
            ("updates", "\(a.optimizer.iteration)", "\(b.optimizer.iteration)"),
            ("coordinator", a.coordinator, b.coordinator),
            ("data fingerprint", a.dataFingerprint, b.dataFingerprint),
            ("normalization", a.normalization, b.normalization),
            ("decoded samples", "\(a.samplesAreDecoded)", "\(b.samplesAreDecoded)"),
            ("initial weights", a.initialWeights ?? "of the seed", b.initialWeights ?? "of the seed"),
            ("classes", a.classNames.joined(separator: ", "), b.classNames.joined(separator: ", ")),
            ("epochs of history", "\(a.history.count)", "\(b.history.count)"),
        ]
        lines += values.filter { $1 != $2 }.map { "\($0): \($1) against \($2)" }
        lines += Self.compare("option", a.options, b.options)
        if a.overrides != b.overrides { lines.append("overridden options: not the same") }
        lines += Self.compare("computed with", a.execution, b.execution)
        lines += Self.compare("epoch sum", a.epochSums, b.epochSums)
        for (epoch, (a, b)) in zip(a.history, b.history).enumerated() {
            lines += Self.compare("epoch \(epoch + 1),", a, b)
        }
        if a.network != b.network { lines.append("network: \(Self.difference(a.network, b.network))") }
        lines += Self.compare(a.tensors, b.tensors)
        self.lines = lines
    }

    // MARK: Names and values

    private static func compare(_ title: String, _ a: [String: String], _ b: [String: String]) -> [String] {
        Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
            "\(title) \($0): \(a[$0] ?? "none") against \(b[$0] ?? "none")"
        }
    }

    private static func compare(_ title: String, _ a: [String: Double], _ b: [String: Double]) -> [String] {
        // Swift prints a Double with the digits that tell it from every other one.
        compare(title, a.mapValues { "\($0)" }, b.mapValues { "\($0)" })
    }

    private static func difference(_ a: Network, _ b: Network) -> String {
        if a.name != b.name { return "\(a.name) against \(b.name)" }
        if a.nodes.count != b.nodes.count { return "\(a.nodes.count) layers against \(b.nodes.count)" }
        let names = zip(a.nodes, b.nodes).filter { $0 != $1 }.map(\.0.name)
        return "layers differ: " + names.joined(separator: ", ")
    }

    // MARK: Tensors

    private static func compare(_ a: [NamedTensor], _ b: [NamedTensor]) -> [String] {
        let others = Dictionary(b.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(a.map(\.name))
        var lines = a.compactMap { tensor -> String? in
            guard let other = others[tensor.name] else { return "\(tensor.name): only in the first" }
            return compare(tensor, other)
        }
        lines += b.filter { !names.contains($0.name) }.map { "\($0.name): only in the second" }
        return lines
    }

    private static func compare(_ a: NamedTensor, _ b: NamedTensor) -> String? {
        guard a.shape == b.shape else { return "\(a.name): shape \(a.shape) against \(b.shape)" }
        var count = 0
        var largest: Float = 0
        for (x, y) in zip(a.values, b.values) where x.bitPattern != y.bitPattern {
            count += 1
            let distance = abs(x - y)
            largest = distance.isNaN ? .infinity : max(largest, distance)
        }
        guard count > 0 else { return nil }
        return "\(a.name): \(count.grouped) of \(a.values.count.grouped) values differ, by at most \(largest)"
    }
}

extension OptimizerState {
    /// Class and configuration.
    fileprivate var text: String { "\(kerasClass) \((try? JSONValue.object(configuration).text()) ?? "")" }
}
