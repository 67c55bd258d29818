import Foundation

/// The features that Linux lists of the first processor: those that processor and system have. An emulator of single
/// programs, such as qemu-user, does not change this file.
public func processorFlags() throws -> Set<Substring> {
    let information = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let line = information.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
    return Set(line.split(whereSeparator: { " \t:".contains($0) }))
}
