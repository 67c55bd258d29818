import Basics
import Glibc
import MessagePassing

/// What MPI's launcher and its ranks write to standard error, handed on as it comes. A framed remark of the launcher that says no
/// more than the exit code is held back until it is known whether the code is one that the ranks have told the user of.
struct LauncherErrors {
    private let source: Int32
    private let target: OutputQueue
    /// Not yet a whole line.
    private var line: [UInt8] = []
    /// The remark that has begun.
    private var remark: [UInt8]?
    private var held: [UInt8] = []
    /// Of the line that has begun, also what is written already.
    private var heard: [UInt8] = []
    /// Whether a rank has said that others are silent.
    private var toldOfSilence = false

    private static let longestRemark = 1 << 16
    /// Bytes that a pipe holds, unless it is told otherwise.
    private static let pipeSize = 1 << 16

    /// To `queue`. With what the launcher is to write to, which the caller closes.
    static func open(to queue: OutputQueue) throws(FileSystemError) -> (LauncherErrors, target: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw FileSystemError("pipe", "standard error", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (LauncherErrors(source: ends[0], target: queue), ends[1])
    }

    private init(source: Int32, target: OutputQueue) { (self.source, self.target) = (source, target) }

    /// What comes within this time.
    mutating func handOn(within milliseconds: Int32) {
        guard target.handOn(for: milliseconds, untilInputFrom: source) else { return }
        // Of a pipe that is closed.
        if !takeAll() { usleep(UInt32(max(0, milliseconds)) * 1000) }
    }

    /// Whether a rank has said, since the last call, that others are silent.
    mutating func takeWordOfSilence() -> Bool {
        defer { toldOfSilence = false }
        return toldOfSilence
    }

    /// What is left, and remarks on the exit code too where they tell something new.
    mutating func finish(withRemarks: Bool) {
        // The last words say why the job was lost, however many wait already.
        takeAll(evenIfFull: true)
        target.write(remark ?? [])
        target.write(line)
        if withRemarks { target.write(held) }
        (line, remark, held) = ([], nil, [])
        close(source)
    }

    /// Whether there was anything.
    @discardableResult
    private mutating func takeAll(evenIfFull: Bool = false) -> Bool {
        var wasAny = false
        var buffer = [UInt8](repeating: 0, count: 4096)
        // No more than a pipe holds: a process that has outlived the launcher may write on and on.
        var portions = evenIfFull ? Self.pipeSize / buffer.count : .max
        while portions > 0, evenIfFull || !target.isFull {
            portions -= 1
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            wasAny = true
            for byte in buffer.prefix(count) {
                line.append(byte)
                listen(to: byte)
                if byte == UInt8(ascii: "\n") { takeLine() }
            }
        }
        // Half a line that is no frame need not wait for its other half.
        if remark == nil, !isPartOfFrame(line) {
            target.write(line)
            line = []
        }
        return wasAny
    }

    private mutating func listen(to byte: UInt8) {
        guard byte == UInt8(ascii: "\n") else {
            if heard.count < Self.longestRemark { heard.append(byte) }
            return
        }
        if StallReport.missesRanks(String(decoding: heard, as: UTF8.self)) { toldOfSilence = true }
        heard.removeAll(keepingCapacity: true)
    }

    private mutating func takeLine() {
        defer { line = [] }
        guard var text = remark else {
            if isFrame(line) { remark = line } else { target.write(line) }
            return
        }
        text += line
        guard isFrame(line) || text.count > Self.longestRemark else {
            remark = text
            return
        }
        remark = nil
        if MPI.implementation.isAboutExitCode(String(decoding: text, as: UTF8.self)) {
            held += text
        } else {
            target.write(text)
        }
    }

    private static let shortestFrame = 60

    private func isFrame(_ line: [UInt8]) -> Bool { line.count > Self.shortestFrame && isPartOfFrame(line) }

    private func isPartOfFrame(_ line: [UInt8]) -> Bool {
        let frame = MPI.implementation.frame.asciiValue
        return line.allSatisfy { $0 == frame || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    }
}
