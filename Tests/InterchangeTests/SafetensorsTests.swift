import Basics
import FileFormats
import Foundation
import Interchange
import Testing
import TestSupport

/// Files of others, whose headers may say anything.
@Suite struct SafetensorsTests {
    private func file(_ header: String, values: Int) -> [UInt8] {
        let text = Array(header.utf8)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
            + [UInt8](repeating: 0, count: values)
    }

    @Test(arguments: [
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8,
            "its names are not those of torchvision or timm for ConvNeXt, DenseNet, EfficientNet, MobileNetV2, ResNet and VGG"
        ),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "no type, shape or place inside"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "4 bytes behind"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "no type, shape or place inside"),
        (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "no type, shape or place inside"),
        (#"{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#, 8, "no type, shape or place inside"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8, "overlaps another"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "leaves a gap"),
        ("{nothing", 0, "its header is not JSON"), ("[]", 0, "neither"), ("{}", 0, "its names are not"),
        (
            #"{"layer1.0.conv1.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4,
            "conv1.weight has the shape []"
        ),
        (
            #"{"features.0.weight":{"dtype":"I16","shape":[1,1,1,2],"data_offsets":[0,4]}}"#, 4,
            "features.0.weight has the type I16"
        ),
        (
            #"{"features.0.weight":{"dtype":"F32","shape":[4611686018427387904,4,1,1],"data_offsets":[0,0]}}"#, 0,
            "features.0.weight has 0 bytes"
        ),
    ])
    func hostileHeaders(header: String, values: Int, words: String) {
        let error = #expect(throws: FileError.self) { try KerasWeightsFile(file(header, values: values), path: "x") }
        if words != "neither" {
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    /// Half precisions, as numpy and PyTorch round 1/3, -2, the smallest and the largest half.
    @Test func halfPrecision() throws {
        let header = { (type: String) in #"{"a":{"dtype":"\#(type)","shape":[4],"data_offsets":[0,8]}}"# }
        let values = { (type: String, bits: [UInt16]) in
            let bytes = bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
            return try SafetensorsFile(self.file(header(type), values: 0) + bytes, path: "x").values("a")
        }
        #expect(try values("F16", [0x3555, 0xC000, 0x0001, 0x7BFF]) == [0.333251953125, -2, 0x1p-24, 65504])
        #expect(try values("BF16", [0x3EAB, 0xC000, 0x0001, 0x7F7F]) == [0.333984375, -2, 0x1p-133, 0x1.FEp127])
    }

    @Test func impossibleHeaderLength() {
        for length in [UInt64.max, 1 << 40, 100] {
            let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + Array("{}".utf8)
            #expect(throws: FileError.self) { try KerasWeightsFile(bytes, path: "x") }
        }
    }

    /// A golden file with bytes changed is read or refused, and nothing else.
    @Test func mutations() throws {
        let path = CheckpointFixture.golden("../PyTorch/vgg.safetensors")
        let original = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let random = CounterRandom(seed: 1, purpose: .generatedData)
        var refused = 0
        for round in 0..<UInt64(400) {
            var bytes = original
            for change in 0..<UInt64(3) {
                let bits = random.bits(round * 3 + change)
                // Mostly in the header.
                bytes[Int(bits >> 8) % min(bytes.count, 2600)] = UInt8(truncatingIfNeeded: bits)
            }
            do { _ = try KerasWeightsFile(bytes, path: "x") } catch { refused += 1 }
        }
        #expect(refused > 200)
    }
}
