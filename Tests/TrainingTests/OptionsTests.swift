import Basics
import Foundation
import Optimization
import Testing
import Training

@Suite struct OptionsTests {
    /// Options that differ from the defaults in every kind of value.
    private func unusual() throws -> TrainingOptions {
        var options = TrainingOptions()
        for (name, text) in [
            ("model", "a \"quoted\" \\ name\nwith a line"), ("batch-size", "96"), ("shuffle", "false"),
            ("learning-rate", "0.1"), ("epsilon", "1e-09"), ("optimizer", "rmsprop"),
            ("momentum", "0.30000000000000004"),
            ("schedule", "cosine:final=0.001"), ("warm-up", "500steps"), ("seed", "9223372036854775807"),
            ("early-stopping", "patience=3"), ("reduce-on-plateau", "factor=0.5"), ("batch-norm", "global"),
            ("validation-split", "0.1"), ("steps-per-epoch", "7"), ("augment", "flip(0.25), flip"),
        ] { try options.set(name, to: text) }
        return options
    }

    @Test func tomlReadsBack() throws {
        for options in [TrainingOptions(), try unusual()] {
            var copy = TrainingOptions()
            try copy.apply(toml: options.toml, file: "config.toml")
            #expect(copy == options)
        }
        #expect(TrainingOptions().toml.contains("[steering]"))
        #expect(TrainingOptions().toml.contains("\nbatch-size = 128\n"))
        #expect(TrainingOptions().toml.contains("\n# learning-rate = (not set)\n"))
    }

    @Test func jsonReadsBack() throws {
        let options = try unusual()
        #expect(try JSONDecoder().decode(TrainingOptions.self, from: JSONEncoder().encode(options)) == options)
    }

    @Test func everyOptionHasOneNameAndTakesItsOwnText() throws {
        let names = TrainingOptions.table.map(\.name)
        #expect(Set(names).count == names.count)
        let options = try unusual()
        for name in names {
            guard let text = options.text(of: name) else { continue }
            var copy = options
            try copy.set(name, to: text)
            #expect(copy == options, "\(name)")
        }
    }

    @Test func laterSourcesWin() throws {
        var options = TrainingOptions()
        try options.apply(
            toml: "batch-size = 64\nlearning-rate = 1\n[steering]\nearly-stopping = \"patience=2\"", file: "a.toml")
        #expect(options.batchSize == 64 && options.learningRate == 1 && options.epochs == 20)
        try options.set("batch-size", to: "32")
        try options.set("early-stopping", to: "none")
        #expect(options.batchSize == 32 && options.earlyStopping == nil)
    }

    @Test(arguments: [
        ("bach-size = 3", "did you mean batch-size"), ("[runn]\nepochs = 3", "did you mean run"),
        ("[data]\nepochs = 3", "epochs belongs in [run]"), ("epochs = 0", "0 is not positive"),
        ("batch-size = 9223372036854775807", "at most 2147483647"), ("warm-up = \"4294967296steps\"", "at most"),
        ("epochs = 2.5", "not a whole number"), ("epochs = [3]", "not array"), ("epochs = ", "line 1"),
        ("optimizer = \"adamm\"", "sgd, adam, rmsprop, adagrad (did you mean adam?)"),
        ("validation-split = 1.0", "between 0 and 1"), ("l2 = -1", "at least 0"), ("momentum = 1", "below 1"),
        ("augment = \"flop\"", "there is flip (did you mean flip?)"),
        ("learning-rate = nan", "positive"), ("schedule = \"cosine:x=1\"", "unknown setting x"),
    ])
    func badFilesAreRefused(_ text: String, _ reason: String) {
        var options = TrainingOptions()
        let error = #expect(throws: OptionError.self) { try options.apply(toml: text, file: "a.toml") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("a.toml") == true)
    }

    @Test func optionsThatDoNotGoTogetherAreRefused() throws {
        try TrainingOptions().validate()
        for settings in [
            [("batch-size", "4")], [("nesterov", "true"), ("optimizer", "sgd")], [("momentum", "0.9")],
            [("wire", "bf16"), ("reduction", "allreduce")],
        ] {
            var options = TrainingOptions()
            for (name, text) in settings { try options.set(name, to: text) }
            #expect(throws: OptionError.self) { try options.validate() }
        }
    }

    @Test func resumeNamesWhatChanged() throws {
        let was = TrainingOptions()
        var now = was
        now.output = "elsewhere"
        now.keep = 9
        now.epochs = 50
        now.bucketSize = 64
        now.overlap = .none
        #expect(now.semanticDifferences(from: was).isEmpty)
        now.wire = .bf16
        #expect(now.semanticDifferences(from: was).map(\.name) == ["wire"])
        now.wire = .fp32
        now.batchSize = 64
        now.learningRate = 0.5
        let differences = now.semanticDifferences(from: was)
        #expect(differences.map(\.name) == ["batch-size", "learning-rate"])
        #expect(differences.map(\.was) == ["128", "-"])
        #expect(differences.map(\.now) == ["64", "0.5"])
        now = was
        try now.set("schedule", to: "cosine")
        var longer = now
        longer.epochs = 50
        #expect(longer.semanticDifferences(from: now).map(\.name) == ["epochs"])
        #expect(longer.semantic.contains { $0 == ("epochs", "50") } && !was.semantic.contains { $0.name == "epochs" })
        #expect(!longer.semantic.contains { $0.name == "output" })
    }

    @Test func lossAndLabelSmoothing() throws {
        var options = TrainingOptions()
        try options.apply(toml: "loss = \"categorical_hinge\"\nlabel-smoothing = 0.1", file: "a.toml")
        #expect(options.loss == .categoricalHinge && options.labelSmoothing == 0.1)
        #expect(options.semantic.contains { $0 == ("loss", "categorical_hinge") })
        #expect(throws: OptionError.self) { try options.set("loss", to: "crossentropy") }
        #expect(throws: OptionError.self) { try options.set("label-smoothing", to: "1") }
        // Labels smooth as one-hot rows unless another loss is asked for, which must then smooth.
        #expect(throws: OptionError.self) { try options.loss(usual: .sparseCategoricalCrossEntropy) }
        options.loss = nil
        #expect(try options.loss(usual: .sparseCategoricalCrossEntropy) == .categoricalCrossEntropy)
        #expect(try options.loss(usual: .binaryCrossEntropy) == .binaryCrossEntropy)
        #expect(throws: OptionError.self) { try options.loss(usual: .meanSquaredError) }
        options.labelSmoothing = 0
        #expect(try options.loss(usual: .sparseCategoricalCrossEntropy) == .sparseCategoricalCrossEntropy)
    }

    @Test func optionsMakeTheOptimizerAndTheCoordinator() throws {
        var options = TrainingOptions()
        #expect(options.algorithm == .adam(Adam()))
        options.optimizer = .sgd
        options.momentum = 0.9
        options.referenceBatchSize = 64
        #expect(options.algorithm == .sgd(SGD(momentum: 0.9)))
        let coordinator = try options.coordinator(stepsPerEpoch: 5, metrics: ["loss", "val_loss"])
        #expect(coordinator.rates(epoch: 0).last == 0.02)
    }
}
