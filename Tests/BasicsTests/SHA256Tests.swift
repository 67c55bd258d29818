import Basics
import FoundationEssentials
import Testing

struct SHA256Tests {
    /// The first example of FIPS 180-4.
    @Test func aKnownMessage() {
        let digest = Array("abc".utf8).withUnsafeBytes { SHA256.digest(of: $0) }
        let words: [UInt32] = [
            0xba78_16bf, 0x8f01_cfea, 0x4141_40de, 0x5dae_2223, 0xb003_61a3, 0x9617_7a9c, 0xb410_ff61, 0xf200_15ad,
        ]
        #expect(digest == words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } })
    }

    @Test(arguments: [0, 1, 63, 64, 65, 200])
    func partsAreDigestedAsTheWhole(first: Int) {
        let bytes = (0..<200).map { UInt8($0) }
        var digest = SHA256()
        bytes[..<first].withUnsafeBytes { digest.add($0) }
        bytes[first...].withUnsafeBytes { digest.add($0) }
        #expect(digest.digest() == bytes.withUnsafeBytes { SHA256.digest(of: $0) })
    }

    /// It is read a block at a time.
    @Test func theRunningProgram() throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"))
        #expect(RunningProgram.digest == file.withUnsafeBytes { SHA256.digest(of: $0) })
    }
}
