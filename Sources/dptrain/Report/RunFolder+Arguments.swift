import Reporting
import Reports

extension RunFolder {
    /// The runs among the arguments of a command. If it `tells`, it says what it leaves out.
    static func chosen(from paths: [String], tells: Bool) throws -> [String] {
        let (runs, others) = sorted(paths)
        guard let first = others.first else { return runs }
        guard !runs.isEmpty else {
            throw UnreadableLog(description: "\(first): it is no run; give the folder of a run's --output")
        }
        if tells {
            let words = others.count == 1 ? "it is no run" : "they are no runs"
            StandardError.print("left out, since \(words): \(others.joined(separator: ", "))")
        }
        return runs
    }
}
