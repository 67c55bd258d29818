import Basics
import Datasets
import Foundation
import Optimization
import Testing
import Options

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
        let others = OptimizerKind.all.map { kind in
            var options = TrainingOptions()
            options.optimizer.kind = kind
            return options
        }
        for options in [TrainingOptions(), try unusual()] + others {
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

    @Test func sizesOfEpochs() throws {
        var options = TrainingOptions()
        try options.set("size-schedule", to: "0:128,10:160x128,20:224")
        #expect(options.sizeSchedule?.phases.map(\.epoch) == [0, 10, 20])
        #expect(options.text(of: "size-schedule") == "0:128,10:160x128,20:224")
        for text in [
            "", "128", "1:128", "0:128,0:160", "0:128,9:160,8:224", "0:0", "0:32x32x3", "0:-1", "-1:9", "0:9,",
        ] {
            #expect(throws: OptionError.self, "\(text)") { try options.set("size-schedule", to: text) }
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

    /// Texts and comments may hold what would break off the parser elsewhere.
    @Test func bracesInTextsAreAccepted() throws {
        var options = TrainingOptions()
        let text = """
            # [1, }
            data = "[ \\", }" # , }
            output = '''
            [(, }''''
            model = ", }"
            """
        try options.apply(toml: text, file: "a.toml")
        #expect(options.data == "[ \", }" && options.output == "[(, }'" && options.model == ", }")
    }

    @Test(arguments: [
        ("bach-size = 3", "did you mean batch-size"), ("[runn]\nepochs = 3", "did you mean run"),
        ("[data]\nepochs = 3", "epochs belongs in [run]"), ("epochs = 0", "0 is not positive"),
        ("batch-size = 9223372036854775807", "at most 1048576"), ("epochs = 9223372036854775807", "at most 2147483647"),
        ("threads = 100000", "at most 1024"), ("shards = 1000000000", "at most 65536"),
        ("bucket-size = 2097152", "at most 2097151"), ("classes = 1000000000", "at most 16777216"),
        ("input-size = \"10000000000\"", "not a size of samples"), ("trace-steps = 1000000000", "at most 100000"),
        ("seed = 1\n\u{0}epochs = 3", "line 2: it has a zero byte"),
        ("[\u{e9}]\nepochs = 3", "line 1: a group's name"),
        ("seed = 1\n  [(run)]", "line 2: a group's name"), ("\u{feff}\r[[ \u{fffd}", "line 1: a group's name"),
        ("epochs = [3, }", "line 1: a value is missing before }"),
        ("epochs = [ # x, \"\n\n}", "line 3: a value is missing"),
        ("data = 'it''s'\nepochs = [[ } ] }", "line 2: a value is missing"),
        ("data = \"\\\"\"\nepochs = ['''it's''', }", "line 2: a value is missing"),
        ("data = '''it''''\nepochs = [\"\"\"\n\"\"\"\"\", }", "line 3: a value is missing"),
        ("epochs = [\u{85}]", "line 1: a value begins with no letter of ASCII"),
        ("warm-up = \"4294967296steps\"", "at most"),
        ("epochs = 2.5", "not a whole number"), ("epochs = [3]", "not array"), ("epochs = ", "line 1"),
        ("optimizer = \"adamm\"", "sgd, adam, rmsprop, adagrad, adamw, lion, lamb, lars (did you mean adam?)"),
        ("validation-split = 1.0", "between 0 and 1"), ("l2 = -1", "at least 0"), ("momentum = 1", "below 1"),
        ("beta1 = 1", "1 is not at least 0 and below 1"), ("epsilon = 0", "positive"),
        ("nesterov = 1", "not true or false"), ("learning-rate = nan", "positive"),
        ("learning-rate = 1e39", "finite in single precision"), ("learning-rate = 1e-50", "positive"),
        ("l2 = 1e39", "finite in single precision"), ("l2 = inf", "finite"), ("weight-decay = 1e39", "finite"),
        ("epsilon = 1e-50", "positive"), ("epsilon = 1e39", "finite"), ("beta2 = 0.99999999", "below 1"),
        ("momentum = nan", "below 1"), ("label-smoothing = 0.99999999", "below 1"), ("dropout = -0.5", "at least 0"),
        ("schedule = \"exponential:every=1,factor=1e39\"", "factor"), ("schedule = \"cosine:final=1e39\"", "final"),
        ("schedule = \"multistep:at=1/2,factor=1e30\"", "infinite"),
        ("schedule = \"inverse-time:decay=1e39\"", "decay"),
        ("schedule = \"polynomial:power=inf\"", "power"), ("early-stopping = \"baseline=1e39\"", "baseline"),
        ("early-stopping = \"min-delta=1e39\"", "min-delta"),
        ("early-stopping = \"patience=9223372036854775807\"", "patience"),
        ("reduce-on-plateau = \"min-rate=1e39\"", "min-rate"), ("reduce-on-plateau = \"factor=0.99999999\"", "factor"),
        ("schedule = \"cosine:x=1\"", "unknown setting x"),
        ("augment = \"flop\"", "there is flip, vertical-flip, "), ("augment = \"flop\"", "(did you mean flip?)"),
        ("augment = \"flip(probabilty=1)\"", "no parameter 'probabilty' (did you mean probability?)"),
        ("augment = \"flip(1, probability=1)\"", "'1' is one parameter too many"),
        ("augment = \"flip(probability=1, probability=1)\"", "parameter 'probability' is given twice"),
        ("loss = \"mea\"", "(did you mean mae?)"),
        ("loss = \"MeanAbsolutError\"", "(did you mean MeanAbsoluteError?)"),
        // Where it stands.
        ("# one\n\nbach-size = 3", "(in a.toml, line 3)"), ("[run]\n\n  epochs = 0 # = 1", "(in a.toml, line 3)"),
        ("run.epochs = 0", "(in a.toml, line 1)"), ("seed = 1\nrun = { epochs = 0 }", "(in a.toml, line 2)"),
        ("\n[runn]\nepochs = 3", "a.toml, line 2: there is no group"),
        ("[run]\nepochs = 2\n[data]\nepochs = 3", "a.toml, line 4: epochs belongs in [run]"),
        ("\"seed\" = 1\r\n'epochs' = 0\r\n", "(in a.toml, line 2)"),
        ("data = \"\"\"\nepochs = 0\n\"\"\"\n[run]\nepochs = 0", "(in a.toml, line 5)"),
        ("seed = 1\nepochs = 2000-01-01", "not date (in a.toml, line 2)"),
        ("seed = 1\n[run]\nseed = 2", "option seed: is given twice"),
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
        for name in ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"] {
            try options.set("loss", to: name)
            #expect(options.loss == .meanAbsoluteError && options.text(of: "loss") == "mean_absolute_error")
        }
        options.loss = .categoricalHinge
        #expect(options.semantic.contains { $0 == ("loss", "categorical_hinge") })
        #expect(throws: OptionError.self) { try options.set("loss", to: "crossentropy") }
        #expect(throws: OptionError.self) { try options.set("label-smoothing", to: "1") }
        // Labels smooth as one-hot rows unless another loss is asked for, which must then smooth.
        #expect(throws: OptionError.self) { try options.loss(usual: .sparseCategoricalCrossEntropy) }
        options.loss = .sparseCategoricalCrossEntropy
        #expect(try options.loss(usual: .meanSquaredError) == .categoricalCrossEntropy)
        options.loss = nil
        #expect(try options.loss(usual: .sparseCategoricalCrossEntropy) == .categoricalCrossEntropy)
        #expect(try options.loss(usual: .binaryCrossEntropy) == .binaryCrossEntropy)
        #expect(throws: OptionError.self) { try options.loss(usual: .meanSquaredError) }
        options.labelSmoothing = 0
        #expect(try options.loss(usual: .sparseCategoricalCrossEntropy) == .sparseCategoricalCrossEntropy)
    }

    /// Numbers of a loss go with that loss only.
    @Test func lossSettings() throws {
        var options = TrainingOptions()
        try options.apply(toml: "focal-gamma = 3\nfocal-alpha = 0.5", file: "a.toml")
        let settings = try options.lossSettings(of: .binaryFocalCrossEntropy)
        #expect(settings.gamma == 3 && settings.alpha == 0.5 && settings.delta == 1)
        #expect(throws: OptionError.self) { try options.lossSettings(of: .categoricalCrossEntropy) }
        #expect(throws: OptionError.self) { try options.set("focal-alpha", to: "1.5") }
        #expect(throws: OptionError.self) { try options.set("huber-delta", to: "0") }
        options = TrainingOptions()
        options.huberDelta = 0.25
        #expect(try options.lossSettings(of: .huber).delta == 0.25)
        #expect(throws: OptionError.self) { try options.lossSettings(of: .binaryFocalCrossEntropy) }
    }

    /// A schedule with a warm-up or with rates of its own takes no second one.
    @Test func schedulesRefuseWhatTheyHave() throws {
        for toml in [
            "schedule = \"one-cycle\"\nwarm-up = 2", "schedule = \"warmup-cosine:warmup=2\"\nwarm-up = 2",
            "schedule = \"piecewise:at=9,rates=1/0.1\"\nlearning-rate = 0.5",
        ] {
            var options = TrainingOptions()
            try options.apply(toml: toml, file: "a.toml")
            #expect(throws: OptionError.self) { try options.validate() }
        }
        var options = TrainingOptions()
        try options.set("schedule", to: "piecewise:at=9,rates=1/0.1")
        try options.validate()
        #expect(options.baseLearningRate == 1)
    }

    /// The options of one optimizer alone are stored by its runs alone.
    @Test func newOptionsLeaveOtherCheckpointsAlone() throws {
        var options = TrainingOptions()
        let names = ["trust", "weight-decay-on", "focal-gamma", "focal-alpha", "huber-delta"]
        #expect(options.semantic.allSatisfy { !names.contains($0.name) })
        try options.set("optimizer", to: "lars")
        #expect(options.semantic.contains { $0 == ("trust", "0.001") })
        #expect(options.algorithm is LARS)
    }

    @Test func gradientsHaveOneLimit() throws {
        var options = TrainingOptions()
        #expect(options.clipping == nil && !options.semantic.contains { $0.name.contains("clip") })
        try options.set("clip-norm", to: "0.5")
        #expect(options.clipping == .norm(0.5))
        #expect(options.semantic.contains { $0 == ("clip-norm", "0.5") })
        try options.validate()
        try options.set("clip-value", to: "2")
        let error = #expect(throws: OptionError.self) { try options.validate() }
        #expect(error?.description.contains("option clip-value: --clip-norm limits gradients already") == true)
        try options.set("clip-norm", to: "none")
        #expect(options.clipping == .value(2))
        try options.set("clip-value", to: "none")
        try options.set("global-clip-norm", to: "3")
        #expect(options.clipping == .globalNorm(3))
        for text in ["0", "-1", "inf", "nan", "1e39"] {
            #expect(throws: OptionError.self) { try options.set("clip-norm", to: text) }
        }
    }

    @Test func whatIsNotGivenIsTheOptimizersOwnDefault() throws {
        var options = TrainingOptions()
        #expect(options.text(of: "beta2") == "0.999" && options.text(of: "weight-decay") == "0.0")
        try options.set("optimizer", to: "lion")
        #expect(options.text(of: "beta2") == "0.99")
        #expect(options.optimizer.algorithm as? Lion == Lion())
        try options.set("optimizer", to: "adamw")
        #expect(options.text(of: "beta2") == "0.999" && options.text(of: "weight-decay") == "0.004")
        #expect(options.semantic.contains { $0 == ("weight-decay", "0.004") })
        // What is given stays, before the optimizer is chosen as well.
        try options.set("weight-decay", to: "0")
        try options.set("beta2", to: "0.98")
        for optimizer in ["lion", "adam", "adamw"] {
            try options.set("optimizer", to: optimizer)
            #expect(options.text(of: "beta2") == "0.98" && options.optimizer.weightDecay == 0)
        }
        let help = { name in TrainingOptions.table.first { $0.name == name } }
        #expect(help("beta2")?.help == "of adam, adamw, lion and lamb")
        #expect(help("beta2")?.otherDefaults == ", with lion 0.99")
        #expect(help("nesterov")?.help == "Nesterov momentum, with sgd")
        #expect(help("weight-decay")?.otherDefaults == ", with adamw 0.004, with lars 0.0001")
    }

    @Test(arguments: [
        ([("optimizer", "lion"), ("beta1", "0")], "0.0 is not between 0 and 1, which --optimizer lion needs"),
        ([("momentum", "0.5")], "a parameter of sgd, rmsprop and lars, and has no effect with --optimizer adam"),
        ([("optimizer", "sgd"), ("beta2", "0.9")], "a parameter of adam, adamw, lion and lamb"),
        ([("optimizer", "lion"), ("epsilon", "1e-3")], "a parameter of adam, rmsprop, adagrad, adamw and lamb"),
        ([("optimizer", "sgd"), ("nesterov", "true")], "a --momentum above 0"),
        ([("optimizer", "adamw"), ("nesterov", "true")], "a parameter of sgd"),
    ])
    func whatTheOptimizerLacksIsRefused(_ settings: [(String, String)], _ reason: String) throws {
        var options = TrainingOptions()
        for (name, text) in settings { try options.set(name, to: text) }
        let error = #expect(throws: OptionError.self) { try options.validate() }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    /// Files and checkpoints state every option, also those that the optimizer lacks.
    @Test func defaultsOfOtherOptimizersAreNoChoice() throws {
        for kind in OptimizerKind.all {
            var options = TrainingOptions()
            options.optimizer.kind = kind
            let semantic = options.semantic
            for other in OptimizerKind.all {
                var copy = TrainingOptions()
                for (name, value) in semantic { try copy.set(name, to: value) }
                try copy.set("optimizer", to: other.name)
                try copy.validate()
            }
        }
    }

    @Test func optionsMakeTheOptimizerAndTheCoordinator() throws {
        var options = TrainingOptions()
        #expect(options.optimizer.algorithm as? Adam == Adam())
        try options.set("optimizer", to: "sgd")
        try options.set("momentum", to: "0.9")
        options.referenceBatchSize = 64
        var sgd = SGD()
        sgd.momentum = 0.9
        #expect(options.optimizer.algorithm as? SGD == sgd)
        let coordinator = try options.coordinator(stepsPerEpoch: 5, metrics: ["loss", "val_loss"])
        #expect(coordinator.rates(epoch: 0).last == 0.02)
    }

    /// A run from before the usual rule stores none; a new one stores it, unless it is given another.
    @Test func aNewRunHasTheUsualValidation() throws {
        var options = TrainingOptions()
        #expect(options.text(of: "validation") == nil)
        #expect(options.ofNewRun.text(of: "validation") == "usual")
        options = options.ofNewRun
        options.fold = Fold("1/5")
        try options.validate()
        #expect(options.validationRule == .fold(try #require(Fold("1/5"))))
        options.validationSplit = 0.2
        #expect(throws: OptionError.self) { try options.validate() }
        var tested = TrainingOptions()
        try tested.set("validation", to: "test")
        #expect(tested.ofNewRun.validation == .test)
    }
}
