import Basics
import Glibc

/// The files that a data set is spread over, named by one text: a file, a folder, or a pattern such as `imagenet/*.h5`.
package struct DatasetPaths {
    /// In ascending byte order of their names.
    package let files: [String]

    private static let endings = [".h5", ".hdf5", ".hdf"]

    package init(_ text: String) throws {
        var status = stat()
        guard stat(text, &status) == 0 else {
            let found = Self.matches(text)
            guard !found.isEmpty else {
                // The error of opening a file names it best where nothing looks like a pattern.
                guard text.contains(where: { "*?[".contains($0) }) else {
                    files = [text]
                    return
                }
                throw DatasetError(file: text, "no file has a name of this form", remedy: "check the pattern")
            }
            files = found
            try requireAllParts(in: text)
            return
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            files = [text]
            return
        }
        let names = try POSIXFileSystem().names(in: text)
        let data = names.filter { name in !name.hasPrefix(".") && Self.endings.contains { name.hasSuffix($0) } }
        guard !data.isEmpty else {
            let remedy =
                names.contains { Self.isFolderOfImages("\(text)/\($0)") }
                ? "make one of its images: dptrain data import \(text) --split 80/10/10 --output data.h5"
                : "name a file, a folder with part files, or a pattern in quotes"
            throw DatasetError(
                file: text, "the folder has no files that end in \(Self.endings.listed("or"))", remedy: remedy)
        }
        files = data.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
            text.hasSuffix("/") ? text + $0 : "\(text)/\($0)"
        }
        try requireAllParts(in: text)
    }

    /// Whether images lie in a folder, as they do for a class where `data import` takes them.
    private static func isFolderOfImages(_ folder: String) -> Bool {
        let names = (try? POSIXFileSystem().names(in: folder)) ?? []
        return names.contains { file in [".jpg", ".jpeg", ".png", ".webp"].contains { file.lowercased().hasSuffix($0) }
        }
    }

    private static func matches(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Files whose names count parts, such as `train-00001-of-00064.h5`, are there with all their numbers. They count from 1,
    /// or from 0 where there is a part 0.
    private func requireAllParts(in text: String) throws {
        var sets: [PartName: Set<Int>] = [:]
        for file in files {
            guard let (name, number) = PartName.parse(file) else { continue }
            sets[name, default: []].insert(number)
        }
        for (name, numbers) in sets.sorted(by: { $0.key.text < $1.key.text }) {
            let first = numbers.contains(0) ? 0 : 1
            let missing = (first..<first + name.total).filter { !numbers.contains($0) }
            guard !missing.isEmpty else { continue }
            throw DatasetError(
                file: text,
                "of the \(name.total) parts of \(name.text) these are missing: \(Self.ranges(missing))",
                remedy: "restore them, or import the data again")
        }
    }

    /// `3, 7 to 9`, at most ten of them.
    private static func ranges(_ numbers: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        let texts = runs.prefix(10).map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
        }
        return texts.joined(separator: ", ") + (runs.count > 10 ? " and others (\(numbers.count))" : "")
    }
}

/// What the parts of one set have in common: `train-?????-of-00064.h5`.
private struct PartName: Hashable {
    let text: String
    let total: Int

    /// More parts than this are a mistake in a name.
    private static let most = 1_000_000

    static func parse(_ file: String) -> (PartName, number: Int)? {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let words = name.split(separator: "-", omittingEmptySubsequences: false)
        guard words.count > 2, words[words.count - 2] == "of" else { return nil }
        let last = words[words.count - 1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let number = Int(words[words.count - 3]), let total = Int(last[0]), (1...most).contains(total),
            (0...total).contains(number)
        else { return nil }
        let digits = String(repeating: "?", count: words[words.count - 3].count)
        let ending = words[words.count - 1]
        let text = (words.dropLast(3).map(String.init) + [digits, "of", String(ending)]).joined(separator: "-")
        return (PartName(text: text, total: total), number)
    }
}
