import KerasNetworks
import Models
import Sessions
import Testing

/// Numbers of rows are numbers of the network too, which bf16 rounds.
@Suite struct PrecisionRequirementTests {
    private func network(rows: Int, areComputed: Bool = true) throws -> Network {
        var g = GraphBuilder("rows", input: [3])
        let clipped = g.plain(ScalarOperation(.clip, 0, 300), [g.input])
        let numbers = areComputed ? g.concatenation([g.input, clipped]) : clipped
        let rows = g.plain(Embedding(rows: rows, width: 2), [numbers], name: "words")
        _ = g.dense(g.flatten(rows), 2)
        return try g.network()
    }

    @Test func rowsThatBF16RoundsAreRefused() throws {
        let error = #expect(throws: NetworkError.self) { try network(rows: 257).requirePrecision(.bf16) }
        #expect(error?.layer == "words")
        #expect(error?.reason.contains("--precision fp32") == true)
        try network(rows: 1000, areComputed: false).requirePrecision(.bf16)
        try network(rows: 1000).requirePrecision(.fp32)
    }

    /// A model inside the model has an input of its own, at which samples come in only if nothing stands before it.
    @Test(arguments: [true, false]) func rowsOfAModelInside(_ areComputed: Bool) throws {
        let before = #"{"class_name": "Dense", "config": {"name": "d", "units": 2}},"#
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "outer", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 2]}}, \(areComputed ? before : "")
                  {"class_name": "Sequential", "config": {"name": "inner", "layers": [
                    {"class_name": "InputLayer", "config": {"name": "n", "batch_shape": [null, 2]}},
                    {"class_name": "Embedding", "config": {"name": "words", "input_dim": 9, "output_dim": 2}}]}},
                  {"class_name": "Flatten", "config": {"name": "f"}},
                  {"class_name": "Dense", "config": {"name": "o", "units": 2}}]}}
                """, label: "test")
        let isRefused = (try? network.requirePrecision(.bf16)) == nil
        #expect(isRefused == areComputed)
        // Bytes reach the rows as they are stored.
        #expect(network.preprocessingLayers.count == (areComputed ? 0 : 1))
    }
}
