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
        #expect(error?.reason.contains("257 rows") == true && error?.reason.contains("--precision fp32") == true)
        try network(rows: 1000, areComputed: false).requirePrecision(.bf16)
        try network(rows: 256).requirePrecision(.bf16)
        try network(rows: 1000).requirePrecision(.fp32)
    }
}
