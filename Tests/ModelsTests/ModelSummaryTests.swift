import Models
import ModelZoo
import Testing

@Suite struct ModelSummaryTests {
    @Test func textOfAChain() throws {
        let text = ModelSummary(try Zoo.model(named: "lenet5-keras").network()).text
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == #"Model: "lenet5-keras""#)
        #expect(lines.contains("│ conv2d (Conv2D)                │ (None, 24, 24, 6) │     156 │"))
        #expect(lines.contains(" Total params: 44,426 (173.54 KB)"))
        #expect(lines.contains(" Non-trainable params: 0 (0.00 B)"))
        #expect(!text.contains("Connected to"))
    }

    @Test func textOfAGraphNamesConnections() throws {
        let text = ModelSummary(try Zoo.model(named: "resnet-cifar-20-v1").network(), batchSize: 128).text
        #expect(text.contains("Connected to"))
        #expect(text.contains("(128, 32, 32, 16)"))
        #expect(text.contains("activation, batch_normalization_2"))
        #expect(text.contains(" Non-trainable params: 1,376"))
    }

    @Test func json() throws {
        let json = ModelSummary(try Zoo.model(named: "simple-cnn").network()).json
        #expect(json["total_parameters"] == 72_906)
        #expect(json["trainable_parameters"] == 72_906)
        let layers = try #require(json["layers"]?.array)
        #expect(layers.count == 5)
        #expect(layers[1]["output_shape"] == [nil, 30, 30, 32])
        #expect(layers[1]["parameters"] == 896)
        #expect(layers[1]["connected_to"] == ["input_layer"])
    }

    @Test func groupedDigits() {
        #expect([0, 999, 1_000, -1_234_567].map(\.grouped) == ["0", "999", "1,000", "-1,234,567"])
    }
}
