#if ONEDNN
import Execution
import Lowering
import Models
import OneDNNEngine
import Testing

/// oneDNN has a reference implementation for whatever it has no generated code for. It takes tens of times as long, and its
/// results are right, so that only the time tells. The engine hands it no tensors that it has no generated code for.
@Suite struct GeneratedCodeTests {
    /// Convolutions in groups of four channels choose blocks of four, which no other primitive has code for.
    @Test(arguments: [PlanPurpose.training, .prediction], [false, true])
    func layersBehindConvolutionsInGroupsOfFour(_ purpose: PlanPurpose, _ normalizes: Bool) throws {
        let network = try Network.build([16, 16, 3]) { graph, x in
            func grouped(_ x: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
                let y = graph.convolution(x, 128, groups: 32, kernel: 3, padding: .same, bias: false)
                return normalizes ? graph.batchNormalization(y) : y
            }
            let y = grouped(graph.convolution(x, 128, kernel: 1))
            let z = graph.sum(y, grouped(graph.activation(y, .relu)))
            let pooled = graph.concatenation([graph.maxPooling(grouped(z)), graph.averagePooling(grouped(z))])
            _ = graph.dense(graph.globalAveragePooling(pooled), 10, activation: .softmax)
        }
        try expectGeneratedCode(network, purpose)
    }

    /// Those in groups of 24 choose blocks of eight, which no pooling has code for in bf16.
    @Test(arguments: [PlanPurpose.training, .prediction])
    func poolingsBehindConvolutionsInGroupsOf24(_ purpose: PlanPurpose) throws {
        let network = try Network.build([16, 16, 3]) { graph, x in
            func grouped(_ x: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
                graph.convolution(x, 48, groups: 2, kernel: 3, padding: .same, activation: .relu)
            }
            let y = graph.convolution(x, 48, kernel: 1)
            let pooled = graph.sum(graph.maxPooling(grouped(y)), graph.averagePooling(grouped(y)))
            _ = graph.dense(graph.globalAveragePooling(grouped(pooled)), 10, activation: .softmax)
        }
        try expectGeneratedCode(network, purpose)
    }

    private func expectGeneratedCode(_ network: Network, _ purpose: PlanPurpose) throws {
        let engine = try DNNLEngine()
        for precision in [Precision.fp32] + (engine.computesBF16 ? [.bf16] : []) {
            let plan = try engine.plan(
                PlanRequest(
                    network: LoweredNetwork(network, loss: .sparseCategoricalCrossEntropy, purpose: purpose),
                    loss: .sparseCategoricalCrossEntropy, targets: .label, samples: 2, purpose: purpose,
                    batchNormalization: .shard, precision: precision))
            #expect(plan.remarks.isEmpty, "in \(precision)")
        }
    }
}
#endif
