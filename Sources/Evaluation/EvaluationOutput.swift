import Basics
import Datasets
import FoundationEssentials
import HDF5Storage
import Models

/// The file that predictions go to:
///
///     /               attributes split, decision (largest or smallest: which output of a row is the prediction), and
///                     classes where model or data name them
///     /predictions    float32 [N, C], in the data's order
///     /labels         int32 [N], or /targets float32 [N, K]: the data's targets, where it has them
///     /outputs/NAME   float32 [N, C] of each output in the place of /predictions, and /output_targets/NAME, where a network
///                     has several outputs with targets of their own
///     /rows           int64 [N], where these are only some of the rows of the data set: which
struct PredictionFile {
    let path: String

    /// Refuses, before anything is computed, a place that cannot be written to. `sparing`: files that are read, which
    /// not even overwriting may replace.
    func check(overwrite: Bool, sparing inputs: [String]) throws {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        guard !inputs.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath() == target }) else {
            throw FileError(
                .write, file: path, "it is a file that is read here", remedy: "choose another file with --output")
        }
        _ = try OutputFile(path, overwrite: overwrite)
    }

    /// Columns of rows as a data set for each output.
    private func write(
        _ rows: [Float], _ group: String, _ columns: [(name: String, width: Int)], to root: Group
    ) throws {
        let width = columns.reduce(0) { $0 + $1.width }
        var first = 0
        for (name, own) in columns {
            let values = stride(from: first, to: rows.count, by: width).flatMap { rows[$0..<$0 + own] }
            try root.write("\(group)/\(name)", shape: [values.count / own, own], values)
            first += own
        }
    }

    /// Puts the whole file there or nothing.
    func write(_ predictions: Predictions, of dataset: SampleSet) throws {
        let file = try HDF5File.createInMemory(label: path)
        try file.root.attributes.set("split", dataset.split.rawValue)
        try file.root.attributes.set("decision", predictions.decision.rawValue)
        if !predictions.classNames.isEmpty { try file.root.attributes.set("classes", predictions.classNames) }
        if predictions.heads.isEmpty {
            try file.root.write("predictions", shape: [dataset.count, predictions.outputs], predictions.values)
        } else {
            try write(
                predictions.values, "outputs", predictions.heads.map { ($0.name, $0.columns.count) }, to: file.root)
            try write(
                dataset.targets.values, "output_targets", dataset.heads.map { ($0.name, $0.width) }, to: file.root)
        }
        switch dataset.targets {
        case _ where !predictions.heads.isEmpty: break
        case .labels(let labels): try file.root.write("labels", shape: [labels.count], labels)
        case .targets(let values, let width): try file.root.write("targets", shape: [dataset.count, width], values)
        case .none: break
        }
        if dataset.count < dataset.source.parts.rows {
            try file.root.write("rows", shape: [dataset.count], (0..<dataset.count).map { Int64(dataset.rows[$0]) })
        }
        try OutputFile(path, overwrite: true).write(file.image())
    }
}
