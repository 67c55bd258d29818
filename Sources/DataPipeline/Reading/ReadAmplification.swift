import Basics

/// How many rows are got from files for each sample that is used. Chunks are read as a whole, and one that serves samples
/// far apart in the order is read again.
public enum ReadAmplification {
    /// More than this is worth a word.
    private static let usual = 1.5

    /// What to say of so many rows a sample; nil where there is nothing to say.
    public static func warning(_ rowsPerSample: Double) -> String? {
        guard rowsPerSample > usual else { return nil }
        return .formatted(
            """
            %.2f rows were read for each sample used, since the file's chunks do not suit the shuffled order; store the \
            samples contiguous, or in smaller chunks
            """, rowsPerSample)
    }
}
