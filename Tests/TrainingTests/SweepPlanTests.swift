import Basics
import Optimization
import Options
import Testing

@Suite struct SweepPlanTests {
    private func plan(_ rest: String) throws -> SweepPlan {
        let options = "[options]\nmodel = \"mlp\"\ndata = \"d.h5\"\n"
        return try SweepPlan(toml: "output = \"out\"\n" + rest + "\n" + options + vary, file: "sweep.toml")
    }

    private let vary = """
        [vary]
        optimizer = ["sgd", "adam"]
        batch-size = [16, 32, 64]
        """

    @Test func listsAreCombined() throws {
        let plan = try plan("")
        #expect(plan.output == "out" && plan.fixed.map(\.name) == ["data", "model"])
        #expect(plan.runs.map(\.name) == ["run-01", "run-02", "run-03", "run-04", "run-05", "run-06"])
        let values = plan.runs.map { $0.varied.map(\.value).joined(separator: " ") }
        #expect(values == ["16 sgd", "16 adam", "32 sgd", "32 adam", "64 sgd", "64 adam"])
    }

    @Test func randomRunsDependOnTheSeedAlone() throws {
        #expect(try plan("runs = 5\nseed = 3").runs == plan("runs = 5\nseed = 3").runs)
        #expect(try plan("runs = 5\nseed = 3").runs != plan("runs = 5\nseed = 4").runs)
        #expect(try plan("runs = 5\nseed = 3").runs == Array(plan("runs = 9\nseed = 3").runs.prefix(5)))
    }

    @Test func rangesAreSpreadOverTheirScale() throws {
        let text = """
            output = "out"
            runs = 200
            [options]
            model = "mlp"
            data = "d.h5"
            [vary]
            learning-rate = { from = 1e-4, to = 1, scale = "log" }
            dropout = { from = 0, to = 0.5 }
            """
        let runs = try SweepPlan(toml: text, file: "sweep.toml").runs
        let rates = runs.compactMap { Double($0.varied[1].value) }
        #expect(rates.count == 200 && rates.allSatisfy { (1e-4...1).contains($0) })
        // Half of them lie below the middle of the scale.
        #expect((70...130).contains(rates.count { $0 < 1e-2 }))
        let dropouts = runs.compactMap { Double($0.varied[0].value) }
        #expect(dropouts.allSatisfy { (0...0.5).contains($0) } && (70...130).contains(dropouts.count { $0 < 0.25 }))
    }

    @Test(arguments: [
        ("runs = 0", "runs = 0, and there may be 1"), ("run = 3", "unknown key run (did you mean runs?)"),
        ("runs = 99999999", "and there may be 1 to 10000"), ("halving = 3", "halving is not like { factor = 3"),
        ("halving = { factor = 1 }", "a factor from 2 on"), ("halving = { factor = 2.5 }", "a factor from 2 on"),
        ("halving = { first = 0 }", "epochs from 1 on"), ("halving = { rungs = 2 }", "halving is not like"),
        ("\0", "it has a zero byte"), ("x =", "is not TOML"),
    ])
    func badFilesAreRefused(_ rest: String, _ words: String) {
        let error = #expect(throws: OptionError.self) { try plan(rest) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func runsAreComparedAfterMoreAndMoreEpochs() throws {
        let halving = try #require(try plan("halving = {}").halving)
        #expect(halving == SuccessiveHalving(factor: 3, first: 1))
        #expect(halving.rungs(epochs: 20) == [1, 3, 9, 20] && halving.rungs(epochs: 9) == [1, 3, 9])
        #expect(halving.rungs(epochs: 1) == [1] && SuccessiveHalving(factor: 2, first: 5).rungs(epochs: 4) == [4])
        #expect(SuccessiveHalving(factor: 2, first: .max - 1).rungs(epochs: .max) == [.max - 1, .max])
        let error = #expect(throws: OptionError.self) {
            _ = try SweepPlan(
                toml: "output = \"o\"\nhalving = {}\n[options]\nmodel = \"mlp\"\ndata = \"d\"\n[vary]\nepochs = [1, 2]",
                file: "sweep.toml")
        }
        #expect(error?.description.contains("leave epochs out of [vary]") == true)
    }

    @Test func theBetterRunsGoOn() {
        let halving = SuccessiveHalving(factor: 2, first: 1)
        let losses = Monitor()
        #expect(halving.survivors(of: [0.5, 0.1, 0.9, 0.2], by: losses) == [1, 3])
        #expect(halving.survivors(of: [0.5, 0.1, 0.9, 0.2], by: Monitor(metric: "val_accuracy")) == [0, 2])
        // Of equal ones the first, and never one that failed or has no number.
        #expect(halving.survivors(of: [0.5, 0.5, 0.5, 0.5, 0.5], by: losses) == [0, 1])
        #expect(halving.survivors(of: [nil, nil, 0.9, nil], by: losses) == [2])
        #expect(halving.survivors(of: [nil], by: losses) == [] && halving.survivors(of: [3], by: losses) == [0])
        // A difference below the rule's own counts between runs.
        #expect(halving.survivors(of: [0.5, 0.4], by: Monitor(minDelta: 0.3)) == [1])
    }

    /// It comes before what else is said, wherever that stands.
    @Test func aRecipeIsWhatRunsHaveInCommon() throws {
        let text = """
            output = "out"
            halving = {}
            [options]
            data = "d.h5"
            recipe = "fashion-mnist-fast"
            epochs = 5
            [vary]
            learning-rate = [0.1, 0.01]
            """
        let plan = try SweepPlan(toml: text, file: "sweep.toml")
        #expect(plan.options(of: plan.runs[0]).map(\.name) == ["data", "epochs", "recipe", "learning-rate"])
        #expect(try plan.epochs == 5)
        let own = try SweepPlan(toml: text.replacing("epochs = 5\n", with: ""), file: "sweep.toml").epochs
        var recipe = TrainingOptions()
        _ = try recipe.apply(toml: Recipe.named("fashion-mnist-fast").toml, file: "recipe")
        #expect(own == recipe.epochs && own != TrainingOptions().epochs)
    }

    @Test func recipesMayVary() throws {
        let vary = "[vary]\nrecipe = [\"lenet-mnist\", \"fashion-mnist-fast\"]"
        let plan = try SweepPlan(toml: "output = \"o\"\n[options]\ndata = \"d\"\n\(vary)", file: "sweep.toml")
        #expect(plan.runs.map { $0.varied.map(\.value) } == [["lenet-mnist"], ["fashion-mnist-fast"]])
        let error = #expect(throws: OptionError.self) {
            try SweepPlan(toml: "output = \"o\"\nhalving = {}\n[options]\ndata = \"d\"\n\(vary)", file: "sweep.toml")
        }
        #expect(error?.description.contains("recipes differ in their epochs") == true)
    }

    @Test func valuesAreThoseOfOptions() {
        for (vary, words) in [
            ("learning-rate = [0.1, -1]", "-1 is not positive"), ("learing-rate = [1]", "no such option"),
            ("output = [\"a\"]", "each run has an output of its own"), ("epochs = 3", "neither a list nor a range"),
            ("l2 = []", "l2 is an empty list: give the values to try, such as l2 = [0.1, 0.01]"),
            ("recipe = [\"vgg\", \"vg\"]", "there is no recipe vg (did you mean vgg?)"),
            ("l2 = { from = 1, to = 0 }", "neither a list nor a range"),
            ("l2 = { from = 0, to = 1, scale = \"log\" }", "neither a list nor a range"),
        ] {
            let text = "output = \"out\"\n[options]\nmodel = \"mlp\"\ndata = \"d.h5\"\n[vary]\n\(vary)"
            let error = #expect(throws: OptionError.self) { try SweepPlan(toml: text, file: "sweep.toml") }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }
}
