import Basics
import FoundationEssentials
import ImportSources

/// The files of a data set that is written in parts: `train-00001-of-00064.h5`.
struct PartNames {
    /// 1 if it is written as one file, which then has the output's own name.
    let count: Int
    private let output: String
    private let isDivided: Bool

    init(_ output: String, _ parts: ImageOptions.Parts?, images: Int, bytes: Int) throws(ImportError) {
        self.output = output
        isDivided = parts != nil
        let wanted =
            switch parts {
            case nil: 1
            case .count(let count): count
            case .bytes(let size): max(1, min(bytes.dividedRoundingUp(by: size), images))
            }
        guard wanted <= min(images, ImageOptions.mostParts) else {
            throw .badOption(
                "parts",
                reason:
                    "\(wanted) parts of \(images) images; at most \(min(images, ImageOptions.mostParts)) are possible")
        }
        count = wanted
    }

    func path(_ part: Int) -> String {
        guard isDivided else { return output }
        return "\(stem)-\(Self.digits(part + 1))-of-\(Self.digits(count)).\(ending)"
    }

    /// All parts: `train-*-of-00064.h5`, as `--data` takes it; of one file its own name.
    var pattern: String { isDivided ? "\(stem)-*-of-\(Self.digits(count)).\(ending)" : output }

    /// Files in the output's folder that are parts of the same output, divided into another number of parts.
    func strangers() throws(ImportError) -> [String] {
        guard isDivided else { return [] }
        let folder = ImportInput.folder(of: output)
        let names: [String]
        do { names = try POSIXFileSystem().names(in: folder) } catch { throw .unwritable(output, reason: error.reason) }
        let own = ImportInput.lastComponent(stem) + "-"
        return names.filter { name in
            guard name.hasPrefix(own), name.hasSuffix(".\(ending)") else { return false }
            let fields = name.dropFirst(own.count).dropLast(ending.count + 1).split(separator: "-")
            guard fields.count == 3, fields[1] == "of", Int(fields[0]) != nil, let of = Int(fields[2]) else {
                return false
            }
            return of != count
        }
    }

    private var stem: String { output.lowercased().hasSuffix(".h5") ? String(output.dropLast(3)) : output }
    private var ending: String { "h5" }

    private static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
}
