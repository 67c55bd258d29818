import HDF5Storage

/// Where a data set lies: `/train/images`, or `labels.h5:/y` in another file.
struct DatasetPath: Sendable, Equatable {
    /// Nil for the data file itself.
    let file: String?
    let path: String

    init(_ text: String) {
        guard let colon = text.firstRange(of: ":/"), colon.lowerBound > text.startIndex else {
            (file, path) = (nil, text)
            return
        }
        file = String(text[..<colon.lowerBound])
        path = String(text[text.index(after: colon.lowerBound)...])
    }

    /// The last part of a path's names, in lower case.
    static func word(_ text: String) -> String {
        text.split(separator: "/").last.map { $0.lowercased() } ?? text.lowercased()
    }

    func dataset(in main: HDF5File) throws -> Dataset {
        try (file.map { try HDF5File.open($0) } ?? main).root.dataset(path)
    }
}
