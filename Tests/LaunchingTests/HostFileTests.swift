import Basics
import Launching
import Testing

@Suite struct HostFileTests {
    @Test func hostsAndTheirSlots() throws {
        let text = "# ours\r\na slots=4 # the first\n\nb\r\n  c \tslots=2\r\n"
        let file = try HostFile(text: text, path: "hosts")
        #expect(file.hosts == [.init("a", slots: 4), .init("b", slots: 1), .init("c", slots: 2)])
        #expect(file.slots == 7)
        #expect(try HostFile(text: file.text, path: "hosts") == file)
    }

    @Test(arguments: [
        ("a slots=0", "hosts, line 1: 'slots=0' is not slots=1 to slots=4096"),
        ("a\nb slots=99999999999999999999", "hosts, line 2: 'slots=99999999999999999999' is not slots=1 to slots=4096"),
        ("a slots=", "hosts, line 1: 'slots=' is not slots=1 to slots=4096"),
        ("a max_slots=4", "hosts, line 1: 'max_slots=4' is not slots=1 to slots=4096"),
        ("-oProxyCommand=touch slots=2", "hosts, line 1: a host's name has letters"),
        ("a;b", "hosts, line 1: a host's name has letters"),
        ("a\n\na slots=2", "hosts, line 3: the host a is there twice"),
        ("", "hosts has no host"), ("# nobody\n", "hosts has no host"),
    ])
    func whatIsRefused(text: String, reason: String) {
        let error = #expect(throws: OptionError.self) { try HostFile(text: text, path: "hosts") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
}
