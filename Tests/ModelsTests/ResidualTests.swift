import Models
import ModelZoo
import Testing

/// Stochastic depth and gammas of zero, in the residual networks of the zoo.
@Suite struct ResidualTests {
    private static let networks = ["resnet-cifar-20-v1", "resnet-cifar-20-v2", "resnet18", "resnet50", "resnet50-v2"]

    private func options(_ name: String) throws -> (ZooModel, ModelOptions) {
        (try Zoo.model(named: name), ModelOptions())
    }

    @Test(arguments: networks)
    func depthIsLinear(_ name: String) throws {
        var (model, options) = try options(name)
        options.stochasticDepth = 0.4
        let network = try model.network(options)
        let rates = network.nodes.compactMap { node -> Float? in
            guard case .dropout(let layer) = node.layer, layer.dropsSamples else { return nil }
            return layer.rate
        }
        let sums = network.nodes.filter { if case .add = $0.layer { true } else { false } }
        #expect(rates.count == sums.count && rates.count > 5)
        for (number, rate) in rates.enumerated() {
            #expect(abs(rate - 0.4 * Float(number + 1) / Float(rates.count)) < 1e-6)
        }
        // Each sum reads its shortcut, and the branch behind its drop.
        for sum in sums {
            let branch = network.nodes[sum.inputs[1]]
            #expect(branch.name == sum.name + "_drop")
        }
        let plain = try model.network()
        #expect(network.parameters.map(\.path) == plain.parameters.map(\.path))
    }

    @Test(arguments: ["resnet-cifar-20-v1", "resnet18", "resnet50"])
    func lastGammasOfBranchesAreZeros(_ name: String) throws {
        var (model, options) = try options(name)
        options.zeroInitializesResiduals = true
        let network = try model.network(options)
        let zeros = network.parameters.filter { $0.path.hasSuffix("/gamma") && $0.specification.initializer == .zeros }
        let sums = network.nodes.filter { if case .add = $0.layer { true } else { false } }
        #expect(zeros.count == sums.count)
        #expect(Set(zeros.map(\.node)) == Set(sums.map { $0.inputs[1] }))
    }

    @Test func networksWithoutBranchesAreRefused() throws {
        var (model, options) = try options("vgg16")
        options.stochasticDepth = 0.1
        #expect(throws: NetworkError.self) { try model.network(options) }
        (model, options) = try self.options("resnet50-v2")
        options.zeroInitializesResiduals = true
        let error = #expect(throws: NetworkError.self) { try model.network(options) }
        #expect(error?.description.contains("no residual block ends in batch normalisation") == true)
    }
}
