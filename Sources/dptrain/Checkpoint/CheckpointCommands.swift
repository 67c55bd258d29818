import ArgumentParser
import Basics
import Checkpoints
import Engines
import Evaluation
import Interchange
import ONNXInterchange
import Reports
import Training

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Look into, compare, check and export checkpoints.",
        discussion: """
            Example:
              dptrain checkpoint inspect runs/lenet/latest.h5
            """,
        subcommands: [
            CheckpointInspectCommand.self, CheckpointDiffCommand.self, CheckpointVerifyCommand.self,
            CheckpointExportCommand.self,
        ])
}

struct CheckpointInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a checkpoint's run, options, history, and a table of its tensors.",
        discussion: """
            Examples:
              dptrain checkpoint inspect runs/lenet/best.h5
              dptrain checkpoint inspect runs/lenet/best.h5 --html lenet.html
            """)

    @Argument(help: "checkpoint", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp("write a page that needs no network instead", valueName: "file.html"), completion: .file())
    var html: String?

    @Flag(help: "replace the page if it exists")
    var overwrite = false

    func validate() throws {
        if let html, !html.hasSuffix(".html") { throw ValidationError("--html \(html) does not end in .html") }
        if overwrite, html == nil { throw ValidationError("--overwrite goes with --html") }
    }

    func run() throws {
        guard let html else {
            return try StandardOutput.print(CheckpointInspection(try CheckpointFile.read(file), file: file).text)
        }
        let page = try OutputFile(html, overwrite: overwrite)
        let section = try RunSection(CheckpointFile.read(file), file: file)
        try page.write(Array(ReportPage([section]).html.utf8))
        try StandardOutput.print("\(html): \(file)")
    }
}

struct CheckpointVerifyCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that checkpoints are whole and that their runs can be resumed: digests and content.",
        discussion: """
            Exit code 0 if all are; else 1, and what is wrong with each.

            Example:
              dptrain checkpoint verify runs/lenet/*.h5
              dptrain checkpoint verify runs/lenet/best.h5 --predictions lenet.onnx
            """)

    @Argument(help: "checkpoints", completion: .file())
    var files: [String]

    @Option(
        help: ArgumentHelp(
            "compute the predictions that this exported file holds anew, and compare them", valueName: "file"),
        completion: .file())
    var predictions: String?

    var threads: Int { 1 }

    func run() throws {
        var allWhole = true
        for file in files {
            do {
                let state = try ResumableRun.read(file).state
                try StandardOutput.print(
                    "\(file): whole; \(state.network.name) at step \(state.position.globalStep.grouped)")
                if let predictions { try verify(predictions, state) }
            } catch {
                StandardError.print("\(error)")
                allWhole = false
            }
        }
        if !allWhole { throw ExitCode.failure }
    }

    private func verify(_ predictions: String, _ state: RunState) throws {
        let engine = try EngineChoice.engine(EngineChoice.standard, threads: threads)
        let difference = try ExamplePredictions.difference(of: predictions, from: state, engine: engine)
        guard difference <= ExamplePredictions.tolerance else {
            throw FileError(
                .content, file: predictions, "its predictions differ from the checkpoint's by \(difference)",
                remedy: "export the checkpoint anew")
        }
        try StandardOutput.print(
            "\(predictions): its predictions differ from the checkpoint's by \(difference) at most")
    }
}

struct CheckpointDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell whether two checkpoints hold the same weights and state, bit for bit.",
        discussion: """
            Exit code 0 if they do; else 1, and a line for each difference.

            Example:
              dptrain checkpoint diff runs/one-rank/latest.h5 runs/four-ranks/latest.h5
            """)

    @Argument(help: "checkpoint", completion: .file())
    var first: String

    @Argument(help: "the one to compare it with")
    var second: String

    func run() throws {
        let difference = CheckpointDifference(try CheckpointFile.read(first), try CheckpointFile.read(second))
        guard difference.isEmpty else {
            try StandardOutput.print(difference.lines.joined(separator: "\n"))
            throw ExitCode.failure
        }
        try StandardOutput.print("\(first) and \(second) are equal: all weights and state, bit for bit")
    }
}

struct CheckpointExportCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint's model as a file of Keras or as ONNX, without the state of the run.",
        discussion: """
            The ending of the output's name decides the format, or must be one of the format's: .keras and .h5 hold the \
            model as it was compiled, .keras also the optimizer's state; .weights.h5 holds weights only; .onnx holds a \
            graph that predicts.

            Example:
              dptrain checkpoint export runs/lenet/best.h5 --output lenet.keras
              dptrain checkpoint export runs/lenet/best.h5 --output lenet.h5 --format tf-keras
              dptrain checkpoint export runs/lenet/best.h5 --output lenet.weights.h5
              dptrain checkpoint export runs/lenet/best.h5 --output lenet.onnx --inference
            """)

    @Argument(help: "checkpoint", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("file to write", valueName: "file"), completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp(
            "\(ExportFormat.allCases.map(\.rawValue).listed("or")) (default: what the ending of the output stands for)",
            valueName: "format"))
    var format: ExportFormat?

    @Option(help: ArgumentHelp("an older word: model is --format h5, weights --format weights", visibility: .hidden))
    var form: OlderExportForm?

    @Flag(help: "ONNX: fold batch normalisation into the layers before it")
    var inference = false

    @Flag(help: "ONNX: take samples as they are stored, and normalise them in the graph")
    var bakePreprocessing = false

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    var threads: Int { 1 }
    private var isONNX: Bool { output.lowercased().hasSuffix(".onnx") }

    func validate() throws {
        if !isONNX,
            let flag = [("--inference", inference), ("--bake-preprocessing", bakePreprocessing)].first(where: \.1)
        {
            throw ValidationError("\(flag.0) goes with an --output that ends in .onnx")
        }
        if isONNX, format != nil || form != nil {
            throw ValidationError("an --output that ends in .onnx holds a model as ONNX: leave out --format")
        }
    }

    func run() throws {
        if isONNX {
            try exportONNX(read())
        } else {
            try exportKeras()
        }
    }

    private func exportKeras() throws {
        let format = try format ?? form?.format ?? ExportFormat(file: output)
        try format.requireEnding(of: output)
        let state = try read()
        let engine = try EngineChoice.engine(EngineChoice.standard, threads: threads)
        let texts = try ExamplePredictions.texts(of: state, engine: engine)
        try CheckpointFile.export(state, to: output, as: format, texts: texts)
        try StandardOutput.print(
            "\(output): \(format == .weights ? "weights" : "model") of \(state.network.name) at step \(state.position.globalStep.grouped)"
        )
    }
}

extension CheckpointExportCommand {
    /// The checkpoint, if the output may be written.
    fileprivate func read() throws -> RunState {
        let state = try CheckpointFile.read(file)
        _ = try OutputFile(output, overwrite: overwrite)
        return state
    }

    fileprivate func exportONNX(_ state: RunState) throws {
        var export = ONNXExport()
        (export.folds, export.bakesPreprocessing) = (inference, bakePreprocessing)
        let words = try export.write(
            state, to: output, engine: EngineChoice.engine(EngineChoice.standard, threads: threads))
        try StandardOutput.print("\(output): \(words), at step \(state.position.globalStep.grouped)")
    }
}

extension ExportFormat: ExpressibleByArgument {}

/// What `--form` takes.
enum OlderExportForm: String, ExpressibleByArgument {
    case model, weights

    var format: ExportFormat {
        switch self {
        case .model: .h5
        case .weights: .weights
        }
    }
}
