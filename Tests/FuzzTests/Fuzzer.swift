import Foundation
import TestSupport

/// What is fuzzed: the reader of one kind of file. scripts/fuzz builds this program with libFuzzer and AddressSanitizer.
struct FuzzTarget: Sendable {
    let name: String
    /// Small whole files to begin with.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Reads a file. It returns, or throws an error that a user could act upon; anything else is a fault.
    let read: @Sendable ([UInt8]) throws -> Void

    static let all: [FuzzTarget] =
        [.checkpoint, .forgedCheckpoint, .dataset, .log, .toml, .sweep] + imports + [.table, .image]
        + [.json, .graph, .keras, .weights]

    /// The file system in memory: a round takes microseconds.
    static let folder = "/dev/shm/dptrain-fuzz-\(getpid())"

    /// Ends the process as a fault does.
    static func require(_ condition: Bool, _ words: @autoclosure () -> String) {
        precondition(condition, words())
    }
}

/// libFuzzer: calls `read` with one input after the other, and ends the process where that faults.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The target of this process: libFuzzer hands its inputs to a function that knows nothing else.
nonisolated(unsafe) private var target = FuzzTarget.checkpoint

/// `DPTRAIN_FUZZ_TARGET` names the target, since all arguments are libFuzzer's and go on to the processes that it starts.
/// Without it the targets are listed. With `DPTRAIN_FUZZ_SEEDS` the seeds are written to that folder.
@main struct Fuzzer {
    static func main() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let chosen = FuzzTarget.all.first(where: { $0.name == environment["DPTRAIN_FUZZ_TARGET"] }) else {
            print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
            return
        }
        target = chosen
        if let folder = environment["DPTRAIN_FUZZ_SEEDS"] {
            for (number, seed) in try target.seeds().enumerated() {
                try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seed-\(number)"))
            }
            return
        }
        try FileManager.default.createDirectory(atPath: FuzzTarget.folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: FuzzTarget.folder) }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(runFuzzer(&count, &arguments, testOneInput))
    }
}

/// It has the name under which libFuzzer's own main function, which is linked and not called, looks for it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do {
        try target.read([UInt8](UnsafeBufferPointer(start: start, count: count)))
    } catch {
        FuzzTarget.require("\(error)".utf8.count > 10, "an error says what is wrong")
    }
    return 0
}
