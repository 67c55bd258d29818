import Basics
import Reduction

extension ConfusionMatrix {
    /// Where the matrices of several outputs go: `confusion.csv` becomes `confusion.digit.csv`. Each needs a file of its own.
    public static func files(_ path: String, of outputs: [String]) throws(OptionError) -> [String] {
        let end = path.lastIndex(of: ".").flatMap { path[$0...].contains { $0 == "/" } ? nil : $0 } ?? path.endIndex
        var owners: [String: String] = [:]
        var files: [String] = []
        for output in outputs {
            let file = "\(path[..<end]).\(output.replacing("/", with: "_"))\(path[end...])"
            if let other = owners.updateValue(output, forKey: file) {
                throw OptionError(
                    "confusion-file",
                    "the outputs \(other) and \(output) would both go to \(file); use --confusion --json, which has all of them"
                )
            }
            files.append(file)
        }
        return files
    }
}
