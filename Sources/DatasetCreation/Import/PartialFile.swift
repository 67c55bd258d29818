import Basics
import ImportSources
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A file under a temporary name beside the one it becomes. The old file stays until the new one is whole. The temporary one
/// goes when writing fails, and when SIGINT, SIGTERM or SIGHUP end the program.
struct PartialFile {
    let path: String
    private let output: String

    init(of output: String) {
        self.output = output
        path = "\(output).partial-\(getpid())"
    }

    /// Removes what programs have left that were killed while they wrote the same output.
    func removeLeftovers() {
        let start = ImportInput.lastComponent(output) + ".partial-"
        let folder = ImportInput.folder(of: output)
        for name in (try? POSIXFileSystem().names(in: folder)) ?? [] where name.hasPrefix(start) {
            guard let process = Int32(name.dropFirst(start.count).prefix(while: \.isNumber)), process > 0 else {
                continue
            }
            if kill(process, 0) != 0, errno == ESRCH { unlink(folder + "/" + name) }
        }
    }

    /// Gives the file its name once `write` returns and its bytes are on the disk, or removes it.
    func replaceOutput<Result>(_ write: () throws -> Result) throws -> Result {
        let signals = RemovalAtSignals(path)
        defer { signals.end() }
        do {
            let result = try write()
            try synchronize()
            guard rename(path, output) == 0 else {
                throw ImportError.unwritable(output, reason: String(cString: strerror(errno)))
            }
            return result
        } catch {
            unlink(path)
            throw error
        }
    }

    private func synchronize() throws(ImportError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw ImportError.unwritable(output, reason: String(cString: strerror(errno)))
        }
    }
}

/// Removes a file when a signal ends the program. Signals that are ignored, or that others catch, are left to them. A program
/// writes one file at a time; a second one is not watched.
private struct RemovalAtSignals {
    /// The address of the file's path as a C string; 0 if none is watched. The handler reads it.
    private static let path = Atomic<UInt>(0)
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private var caught: [Int32] = []
    private var address: UInt = 0

    init(_ path: String) {
        let copy = UInt(bitPattern: strdup(path))
        guard Self.path.compareExchange(expected: 0, desired: copy, ordering: .relaxed).exchanged else {
            free(UnsafeMutableRawPointer(bitPattern: copy))
            return
        }
        address = copy
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { RemovalAtSignals.remove(at: $0) }
        for signal in Self.signals {
            var old = sigaction()
            sigaction(signal, nil, &old)
            let isDefault = old.sa_flags & SA_SIGINFO == 0 && old.__sigaction_handler.sa_handler == nil
            if isDefault, sigaction(signal, &action, nil) == 0 { caught.append(signal) }
        }
    }

    func end() {
        guard address != 0 else { return }
        caught.forEach(Self.setDefault)
        Self.path.store(0, ordering: .relaxed)
        free(UnsafeMutableRawPointer(bitPattern: address))
    }

    /// Then the signal does what it does by default, so that the caller sees which it was.
    private static func remove(at signal: Int32) {
        if let path = UnsafePointer<CChar>(bitPattern: path.load(ordering: .relaxed)) { unlink(path) }
        setDefault(signal)
        raise(signal)
    }

    private static func setDefault(_ signal: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = SIG_DFL
        sigaction(signal, &action, nil)
    }
}
