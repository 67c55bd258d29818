import Basics
import Models
import ModelZoo
import Options
import Testing

@Suite struct RecipeTests {
    private let metrics = ["loss", "accuracy", "val_loss", "val_accuracy"]

    private func options(of recipe: Recipe) throws -> TrainingOptions {
        var options = TrainingOptions()
        try options.apply(toml: recipe.toml, file: recipe.name)
        return options
    }

    @Test(arguments: Recipe.all)
    func everyRecipeIsAValidConfigurationThatReadsBack(_ recipe: Recipe) throws {
        let options = try options(of: recipe)
        try options.validate()
        #expect(options != TrainingOptions())
        #expect(options.model != nil && options.data == nil && options.output == nil)
        #expect(!recipe.summary.isEmpty && recipe.toml.hasPrefix("# \(recipe.summary)\n"))
        for word in ["Source", "Expected", "Tried on"] { #expect(recipe.toml.contains("\n# \(word): ")) }
        var copy = TrainingOptions()
        try copy.apply(toml: options.toml, file: "printed")
        #expect(copy == options)
        _ = try options.coordinator(stepsPerEpoch: 10, metrics: metrics)
    }

    @Test func recipesNameModelsOfTheZoo() throws {
        let names = try Recipe.all.compactMap { try options(of: $0).model }
        let unknown = Set(names.filter { (try? Zoo.model(named: $0)) == nil })
        #expect(unknown.isEmpty)
    }

    @Test func everyRecipeHasAnotherName() {
        #expect(Set(Recipe.all.map(\.name)).count == Recipe.all.count)
    }

    @Test func recipesAreFoundByName() throws {
        let resnet = try options(of: Recipe.named("resnet-cifar"))
        #expect(resnet.model == "resnet-cifar-20-v1" && resnet.batchSize == 32 && resnet.batchNorm == .global)
        let error = #expect(throws: OptionError.self) { try Recipe.named("resnet-cifer") }
        #expect(error?.description.contains("did you mean resnet-cifar?") == true)
    }

    /// He et al.: 400 steps at a tenth of the rate, then the rate, which falls after 32,000 and 48,000 steps.
    @Test func warmUpInTwoStages() throws {
        let options = try options(of: Recipe.named("resnet-cifar-110"))
        let coordinator = try options.coordinator(stepsPerEpoch: 391, metrics: metrics)
        let expected: [(step: Int, rate: Float)] = [
            (0, 0.01), (399, 0.01), (400, 0.1), (31_999, 0.1), (32_000, 0.01), (47_999, 0.01), (48_000, 0.001),
        ]
        for (step, rate) in expected { #expect(coordinator.rates(epoch: step / 391)[step % 391] == rate) }
    }

    /// Goyal et al.: eight times the batch, eight times the rate, after five epochs.
    @Test func linearScalingWithWarmUp() throws {
        var options = try options(of: Recipe.named("resnet-imagenet"))
        options.batchSize = 2048
        let coordinator = try options.coordinator(stepsPerEpoch: 100, metrics: metrics)
        #expect(coordinator.rates(epoch: 4).last == 0.8)
        #expect(abs(coordinator.rates(epoch: 0)[0] - 0.1 - 0.7 / 500) < 1e-6)
        for (epoch, rate) in [(29, Float(0.8)), (30, 0.08), (60, 0.008), (80, 0.0008)] {
            #expect(abs(coordinator.rates(epoch: epoch).last / rate - 1) < 1e-6)
        }
    }

    /// 4 % off every 8 epochs; and six times as often.
    @Test func ratesOfTheInceptions() throws {
        let slow = try options(of: Recipe.named("googlenet")).coordinator(stepsPerEpoch: 5, metrics: metrics)
        for (epoch, rate) in [(0, Float(0.01)), (7, 0.01), (8, 0.0096), (16, 0.009216)] {
            #expect(slow.rates(epoch: epoch).last == rate)
        }
        let fast = try options(of: Recipe.named("bn-inception")).coordinator(stepsPerEpoch: 5, metrics: metrics)
        #expect(abs(fast.rates(epoch: 8).last - 0.05 * 0.78275779) < 1e-7)
    }
}

extension Recipe: CustomTestStringConvertible {
    public var testDescription: String { name }
}
