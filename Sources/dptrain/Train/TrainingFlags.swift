import ArgumentParser
import Basics
import Checkpoints
import Engines
import FoundationEssentials
import Glibc
import Options

/// Everything that may be said about a run: defaults, then a recipe, then a configuration file, then flags.
struct TrainingFlags: ParsableArguments {
    @OptionGroup(title: "Network") var network: OptionFlags<NetworkGroup>
    @OptionGroup(title: "Data") var data: OptionFlags<DataGroup>
    @OptionGroup(title: "Augmentation") var augmentation: OptionFlags<AugmentationGroup>
    @OptionGroup(title: "Run") var run: OptionFlags<RunGroup>
    @OptionGroup(title: "Optimizer") var optimizer: OptionFlags<OptimizerGroup>
    @OptionGroup(title: "Learning rate and steering") var steering: OptionFlags<SteeringGroup>
    @OptionGroup(title: "Computation") var computation: OptionFlags<ComputationGroup>
    @OptionGroup(title: "Output") var output: OptionFlags<OutputGroup>
    @OptionGroup(title: "Tracing") var tracing: OptionFlags<TracingGroup>

    @Option(
        help: ArgumentHelp(
            "named settings from `dptrain recipes`; --config and flags override them", valueName: "name"),
        completion: .recipes)
    var recipe: String?

    @Option(
        help: ArgumentHelp("TOML file with any of these options; flags override it", valueName: "file"),
        completion: .file())
    var config: String?

    @Flag(help: "print all options as a configuration file, and exit")
    var printConfig = false

    /// The options, and the names of those that a flag, the configuration file or the recipe set.
    func options() throws(OptionError) -> (options: TrainingOptions, given: Set<String>) {
        var options = TrainingOptions()
        options.engine = EngineChoice.standard
        var given: Set<String> = []
        do {
            if let recipe {
                given = try options.apply(toml: Recipe.named(recipe).toml, file: "recipe \(recipe)")
            }
            if let config { given.formUnion(try options.apply(toml: Self.text(ofFile: config), file: config)) }
            for group in [
                network.given, data.given, augmentation.given, run.given, optimizer.given, steering.given,
                computation.given, output.given, tracing.given,
            ] {
                for flag in group {
                    try options.set(flag.name, to: flag.text)
                    given.insert(flag.name)
                }
            }
        } catch let error as OptionError {
            throw error
        } catch {
            throw OptionError("config", "\(error)")
        }
        return (options, given)
    }

    private static func text(ofFile path: String) throws -> String {
        guard access(path, R_OK) == 0 else {
            throw OptionError("config", "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw OptionError("config", "\(path) is no text file")
        }
        return text
    }
}
