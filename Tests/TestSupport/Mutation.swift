/// Changes bytes at random, most of them near the beginning, where headers are.
package struct Mutation {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func number(below count: Int) -> Int {
        // Knuth's MMIX; the high bits are the random ones.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(1, count)
    }

    package mutating func changed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...number(below: 3) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let near = number(below: 2) == 0 ? min(64, bytes.count) : min(600, bytes.count)
        let place = number(below: number(below: 4) == 0 ? bytes.count : near)
        let width = min([1, 2, 4, 8][number(below: 4)], bytes.count - place)
        switch number(below: 8) {
        case 0: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 1: bytes[place] = UInt8(number(below: 256))
        case 2: bytes[place] = Array("0179()[],'{}".utf8)[number(below: 12)]
        case 3: bytes.replaceSubrange(place..<place + width, with: repeatElement(0xff, count: width))
        case 4: bytes.replaceSubrange(place..<place + width, with: repeatElement(0, count: width))
        case 5: bytes[place] = [0x7f, 0x80][number(below: 2)]
        case 6: bytes.removeSubrange(place..<place + width)
        default: bytes.insert(contentsOf: bytes[place..<place + width], at: place)
        }
    }
}
