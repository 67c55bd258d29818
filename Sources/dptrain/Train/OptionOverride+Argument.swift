import ArgumentParser
import Training

/// `learning-rate=1e-4`
extension OptionOverride: ExpressibleByArgument {
    public init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        self.init(name: String(parts[0]), value: String(parts[1]))
    }
}
