import ArgumentParser
import Basics
import Options

/// The options of one group of `TrainingOptions.table` as flags: an option in the table is a flag, with the table's
/// words in `--help`. Values stay text, since `TrainingOptions` reads flags and configuration files alike.
///
/// ArgumentParser learns a type's flags from its mirror; here the mirror has one for each row of the table.
struct OptionFlags<Group: FlagGroup>: ParsableArguments, CustomReflectable {
    /// Names and texts of the flags that were given, in the table's order.
    let given: [(name: String, text: String)]

    init() { given = [] }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: FlagKey.self)
        given = try Self.rows.compactMap { row in
            let text =
                row.isSwitch
                ? try container.decode(Flag<Bool?>.self, forKey: FlagKey(row.name)).wrappedValue.map { "\($0)" }
                : try container.decode(Option<String?>.self, forKey: FlagKey(row.name)).wrappedValue
            return text.map { (row.name, $0) }
        }
    }

    var customMirror: Mirror {
        Mirror(
            self,
            children: Self.rows.map { row in
                let name = NameSpecification.customLong(row.name)
                let help = ArgumentHelp(row.helpWithDefault, valueName: "value")
                let flag: Any =
                    row.isSwitch
                    ? Flag<Bool?>(name: name, inversion: .prefixedNo, help: help)
                    : Option<String?>(name: name, help: help, completion: row.completion)
                return (row.name, flag)
            })
    }

    private static var rows: [OptionDeclaration] { TrainingOptions.table.filter { $0.group == Group.group } }
}

/// The name of a flag that a table declares.
struct FlagKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

/// Names a group of options in a type, for `OptionFlags`.
protocol FlagGroup {
    static var group: OptionDeclaration.Group { get }
}

enum NetworkGroup: FlagGroup { static let group = OptionDeclaration.Group.network }
enum DataGroup: FlagGroup { static let group = OptionDeclaration.Group.data }
enum AugmentationGroup: FlagGroup { static let group = OptionDeclaration.Group.augmentation }
enum RunGroup: FlagGroup { static let group = OptionDeclaration.Group.run }
enum OptimizerGroup: FlagGroup { static let group = OptionDeclaration.Group.optimizer }
enum SteeringGroup: FlagGroup { static let group = OptionDeclaration.Group.steering }
enum ComputationGroup: FlagGroup { static let group = OptionDeclaration.Group.computation }
enum OutputGroup: FlagGroup { static let group = OptionDeclaration.Group.output }
enum TracingGroup: FlagGroup { static let group = OptionDeclaration.Group.tracing }

extension OptionDeclaration {
    /// What shells offer for a value: its words, names, or files.
    fileprivate var completion: CompletionKind {
        switch name {
        case "model": .models
        case "augment": .transforms
        default: isText ? .file() : words.isEmpty ? .default : .list(words)
        }
    }

    private var defaultText: String? { TrainingOptions().text(of: name) }

    fileprivate var helpWithDefault: String { help + (defaultText.map { " (default: \($0)\(otherDefaults))" } ?? "") }
}

extension TrainingOptions {
    /// Checks the flags of commands that declare their own by what the table says of them.
    static func check(_ values: [(name: String, value: Int?)]) throws {
        var options = TrainingOptions()
        do {
            for (name, value) in values { if let value { try options.set(name, to: "\(value)") } }
        } catch let error as OptionError {
            throw ValidationError(error.description)
        }
    }
}
