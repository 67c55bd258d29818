import Basics

/// What fills gaps of an image: red, green and blue, written `124:116:104`, or one number for all channels.
package struct FillColor: Sendable, Equatable, LosslessStringConvertible {
    private let red: UInt8
    private let green: UInt8
    private let blue: UInt8

    /// The mean of ImageNet's images.
    static let imageNet = FillColor(red: 124, green: 116, blue: 104)

    package init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 1 || parts.count == 3, let red = parts[0], let green = parts[parts.count / 2],
            let blue = parts[parts.count - 1]
        else { return nil }
        self.init(red: red, green: green, blue: blue)
    }

    package var description: String { red == green && green == blue ? "\(red)" : "\(red):\(green):\(blue)" }

    /// A byte for each channel; a grey image gets the luma.
    func withBytes(channels: Int, _ body: (UnsafePointer<UInt8>) -> Void) {
        let weighted: [Int] = [Int(red) * 19595, Int(green) * 38470, Int(blue) * 7471]
        let luma = UInt8((weighted.reduce(0, +) + 0x8000) >> 16)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(3, channels)) { bytes in
            bytes.initialize(repeating: luma)
            if channels == 3 { (bytes[0], bytes[1], bytes[2]) = (red, green, blue) }
            if let base = bytes.baseAddress { body(base) }
        }
    }
}
