import Basics
import MessagePassing

/// The hosts of a job and how many ranks each may have, as Open MPI's host files say: `name slots=4`, one a line. A host without
/// `slots` has one rank. What is behind `#` is a comment.
package struct HostFile: Sendable, Equatable {
    package struct Host: Sendable, Equatable {
        package let name: String
        package let slots: Int

        package init(_ name: String, slots: Int) { (self.name, self.slots) = (name, slots) }
    }

    package let hosts: [Host]

    package init(_ hosts: [Host]) { self.hosts = hosts }

    package init(text: String, path: String) throws(OptionError) {
        var hosts: [Host] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let name = words.first else { continue }
            // Open MPI and ssh take what begins with a dash for an option.
            guard name.first != "-", name.allSatisfy({ $0.isLetter || $0.isNumber || "._:-".contains($0) }) else {
                throw OptionError(
                    "hostfile",
                    "\(path), line \(number + 1): a host's name has letters, digits, dots, colons and dashes"
                        + " only, and begins with no dash")
            }
            var slots = 1
            for word in words.dropFirst() {
                let parts = word.split(separator: "=", maxSplits: 1)
                guard parts.first == "slots", parts.count == 2, let count = Int(parts[1]), (1...4096).contains(count)
                else {
                    throw OptionError(
                        "hostfile",
                        "\(path), line \(number + 1): '\(word)' is not slots=1 to slots=4096, and nothing else may stand behind a host"
                    )
                }
                slots = count
            }
            guard !hosts.contains(where: { $0.name == name }) else {
                throw OptionError("hostfile", "\(path), line \(number + 1): the host \(name) is there twice")
            }
            hosts.append(Host(String(name), slots: slots))
        }
        guard !hosts.isEmpty else { throw OptionError("hostfile", "\(path) has no host") }
        self.hosts = hosts
    }

    package var slots: Int { hosts.reduce(0) { $0 + $1.slots } }

    /// The hosts that the launcher fills with so many ranks.
    func first(ranks: Int) -> HostFile {
        var free = ranks
        return HostFile(
            Array(
                hosts.prefix { host in
                    defer { free -= host.slots }
                    return free > 0
                }))
    }

    /// The hosts that the other file lacks.
    func names(without other: HostFile) -> [String] { hosts.filter { !other.hosts.contains($0) }.map(\.name) }

    /// In words.
    static func silence(of names: [String]) -> String {
        "\(names.listed("and")) \(names.count == 1 ? "does" : "do") not answer"
    }

    /// As the launcher reads it.
    package var text: String {
        hosts.map { MPI.implementation.hostLine($0.name, slots: $0.slots) + "\n" }.joined()
    }
}
