import Basics
import Execution
import Foundation
import Interchange
import Models
import ModelZoo
import Testing

/// Networks of the zoo predict what torchvision's and timm's predict with the same weights
/// (Golden/PyTorch/generate_zoo.py), which come in a file with their names.
@Suite struct TorchZooTests {
    private struct Golden: Decodable {
        let classes: Int
        let side: Int
        let cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let model: String
        let source: String
        let gain: Double
        /// Names and shapes, in order.
        let tensors: [Tensor]
        let output: [Float]
        var testDescription: String { source }
    }

    struct Tensor: Decodable, Sendable {
        let name: String
        let shape: [Int]

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            name = try pair.decode(String.self)
            shape = try pair.decode([Int].self)
        }
    }

    private static let golden = Result {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../Golden/PyTorch")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: folder.appending(path: "zoo.json")))
    }

    static let cases = (try? golden.get().cases) ?? []

    /// A hash from -1 to 1.
    private static func value(_ number: Int, _ index: Int) -> Double {
        let first = UInt32(truncatingIfNeeded: index &* 2_654_435_761 &+ number &* 40503 &+ 12345)
        let second = (first ^ first >> 15) &* 2_246_822_519
        return Double(second ^ second >> 13) / 0x1p31 - 1
    }

    private static func values(_ number: Int, _ tensor: Tensor, gain: Double) -> [Float] {
        let count = tensor.shape.reduce(1, *)
        let (factor, offset): (Double, Double) =
            if tensor.shape.count > 1 {
                (gain * (6 / Double(count / tensor.shape[0])).squareRoot(), 0)
            } else if tensor.name.hasSuffix("running_var") {
                (0.5, 1)
            } else {
                (0.25, tensor.name.hasSuffix("weight") ? 1 : 0)
            }
        return [Float](unsafeUninitializedCapacity: count) { memory, initialized in
            for index in 0..<count { memory[index] = Float(value(number, index) * factor + offset) }
            initialized = count
        }
    }

    /// What safetensors.torch.save_file writes.
    private static func file(_ item: Case) -> [UInt8] {
        var (entries, body) = ([String](), [UInt8]())
        for (number, tensor) in item.tensors.enumerated() {
            let begin = body.count
            values(number, tensor, gain: item.gain).withUnsafeBytes { body.append(contentsOf: $0) }
            entries.append(
                #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(begin),\#(body.count)]}"#
            )
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header + body
    }

    private static func network(_ name: String) throws -> Network {
        let golden = try golden.get()
        return try Zoo.model(named: name).network(
            ModelOptions(classes: golden.classes, input: [golden.side, golden.side, 3]))
    }

    @Test func goldenFileIsThere() throws {
        #expect(try Self.golden.get().cases.count == 9)
    }

    @Test(arguments: cases)
    func predictsTheSame(_ item: Case) throws {
        let network = try Self.network(item.model)
        let file = try KerasWeightsFile(Self.file(item), path: "x.safetensors")
        let weights = try file.weights(for: network)
        let engine = try #require(TestedEngine.all.last)
        let output = try LayerOutput(
            ofLayer: network.nodes[network.nodes.count - 1].name, of: network, weights: weights, samples: 1,
            engine: engine.make()
        ) { target in
            for index in 0..<network.inputShape.count { target[index] = Float(Self.value(1000, index)) }
        }.values
        let worst = zip(output, item.output).map { abs($0 - $1) }.max() ?? 1
        #expect(output.count == item.output.count && worst < 1e-4, "\(item.source): \(worst)")
        #expect(try file.start(weights, of: network).rows.allSatisfy { $0.source != nil })
    }

    /// The weights fit by name and shape, but would see other pixels.
    @Test(arguments: cases.filter { $0.model.hasSuffix("-torch") && $0.source != "timm efficientnet_b0" })
    func paddingOfKerasIsRefused(_ item: Case) throws {
        let network = try Self.network(String(item.model.dropLast("-torch".count)))
        let file = try KerasWeightsFile(Self.file(item), path: "x.safetensors")
        for read in [{ _ = try file.weights(for: network) }, { _ = try file.start([], of: network) }] {
            let error = #expect(throws: FileError.self) { try read() }
            #expect(error?.description.contains("zeros on all sides") == true, "\(error?.description ?? "")")
            #expect(error?.description.contains(item.model) == true)
        }
    }
}
