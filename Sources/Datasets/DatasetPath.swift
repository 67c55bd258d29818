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

    func dataset(in main: HDF5File) throws -> Dataset {
        try (file.map { try HDF5File.open($0) } ?? main).root.dataset(path)
    }
}
