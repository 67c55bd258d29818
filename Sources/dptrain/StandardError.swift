import Foundation

/// Where the program says what went wrong.
enum StandardError {
    /// A line that tells which program speaks.
    static func print(_ text: String) {
        write("dptrain: \(text)\n")
    }

    static func write(_ text: String) {
        // What was said on standard output came first.
        fflush(nil)
        FileHandle.standardError.write(Data(text.utf8))
    }
}
