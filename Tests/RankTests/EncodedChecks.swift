import Basics
import Checkpoints
import Engines
import Evaluation
import Foundation
import HDF5Storage
import ImageCoding
import Training

/// Runs on images that are stored as JPEG, in one file and in part files.
var encodedChecks: [RankCheck] {
    let choices: [(name: String, settings: [String: String])] = [
        ("the last rows validate", ["validation-split": "0.25"]),
        ("classes are weighted", ["validation": "stratified:0.25", "class-weights": "c:2,a:0.5"]),
        ("classes are balanced", ["validation": "redrawn:0.25", "sampling": "balanced"]),
        (
            "samples are weighted",
            ["fold": "3/4", "sample-weights": "/train/weights", "normalization": "standardized"]
        ),
    ]
    return choices.map { name, choice in
        RankCheck("encoded images give the same run with 1 and 3 readers, in parts, and over resume: \(name)") {
            check in
            let trial = try RunTrial(check)
            if check.rank == 0 {
                try writeImages(0..<40, to: trial.path("whole.h5"))
                try FileManager.default.createDirectory(atPath: trial.path("parts"), withIntermediateDirectories: true)
                for (part, rows) in [0..<7, 7..<31, 31..<40].enumerated() {
                    try writeImages(rows, to: trial.path("parts/x-\(part + 1)-of-3.h5"))
                }
            }
            try check.world.barrier()
            let settings = choice.merging(["input-size": "28x28x3", "augment": "flip"]) { $1 }
            let whole = settings.merging(["data": trial.path("whole.h5"), "readers": "1"]) { $1 }
            let reference = try trial.files(of: "one") { try trial.run(in: "one", settings: whole) }
            let others = [
                "three readers": ["data": trial.path("whole.h5"), "readers": "3"],
                "in parts": ["data": trial.path("parts/x-*.h5"), "readers": "2"],
                "in memory": ["data": trial.path("whole.h5"), "readers": "3", "cache": "ram"],
                "staged parts": ["data": trial.path("parts"), "stage": trial.path("stage")],
            ]
            for (name, other) in others.sorted(by: { $0.key < $1.key }) {
                let files = try trial.files(of: name) {
                    try trial.run(in: name, settings: settings.merging(other) { $1 })
                }
                for (file, bytes) in reference { check.expect(files[file] == bytes, "\(name): \(file) differs") }
            }
            if check.rank == 0 {
                check.expect(
                    !FileManager.default.fileExists(atPath: trial.path("stage/parts")), "copies are still there")
            }
            let resumed = try trial.files(of: "resumed") {
                let signal = check.rank == 0 ? [SignalAtStep(3)] : []
                try trial.run(in: "resumed", settings: whole, observers: signal)
                check.expect(
                    try trial.run(
                        in: "resumed", settings: ["data": trial.path("whole.h5"), "readers": "3"], resume: .latest),
                    equals: .finished,
                    "resumed")
            }
            for (file, bytes) in reference { check.expect(resumed[file] == bytes, "resumed: \(file) differs") }
            try evaluate(trial, check)
        }
    }
}

/// Evaluation finds the rows that were kept back, in one file and in parts.
private func evaluate(_ trial: RunTrial, _ check: CheckContext) throws {
    for data in ["whole.h5", "parts/x-*.h5"] {
        var request = EvaluationRequest(
            models: [trial.path("one/latest.h5")], data: trial.path(data), engine: EngineChoice.standard)
        request.readers = 2
        request.split = .validation
        let loss = try EvaluationRun(request, check.world, engines: EngineChoice.engine).evaluate().loss
        let predictions = trial.path("\(data.count).h5")
        _ = try EvaluationRun(request, check.world, engines: EngineChoice.engine).predict(
            to: predictions, overwrite: false)
        guard check.rank == 0 else { continue }
        let state = try CheckpointFile.read(trial.path("one/latest.h5"))
        check.expect(state.history.last?["val_loss"], equals: loss, "loss of validation on \(data)")
        let root = try HDF5File.open(predictions).root
        let rows = try root.dataset("rows").read(as: Int64.self)
        check.expect((9...10).contains(rows.count), "\(rows.count) rows")
        check.expect(
            try root.dataset("labels").read(as: Int32.self), equals: rows.map { Int32($0 % 3) }, "labels of \(data)")
    }
}

/// Images of several sizes, grey and coloured.
private func writeImages(_ rows: Range<Int>, to path: String) throws {
    let encoder = try JPEGEncoder()
    let random = CounterRandom(seed: 9, purpose: .generatedData)
    var (bytes, places) = ([UInt8](), [Int64(0)])
    for row in rows {
        let size = PixelSize(width: 20 + row * 7 % 50, height: 25 + row * 11 % 40)
        let channels = row % 4 == 1 ? 1 : 3
        let pixels = (0..<size.width * size.height * channels).map { place in
            UInt8((place / channels % size.width * (3 + row % 5) + random.integer(UInt64(place), below: 60)) % 256)
        }
        try pixels.withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            let view = PixelView(
                base: base, rowBytes: size.width * channels, channels: channels, region: PixelRect(size),
                imageSize: size)
            bytes += try encoder.encode(view, quality: 90)
        }
        places.append(Int64(bytes.count))
    }
    let file = try HDF5File.create(path)
    try file.root.attributes.set("classes", ["a", "b", "c"])
    try file.root.write("train/encoded", shape: [bytes.count], bytes)
    try file.root.write("train/offsets", shape: [places.count], places)
    try file.root.write("train/labels", shape: [rows.count], rows.map { Int32($0 % 3) })
    try file.root.write("train/weights", shape: [rows.count], rows.map { Float($0 % 4) / 2 })
    try file.root.attributes.set("mean", [Float](repeating: 120, count: 3))
    try file.root.attributes.set("std", [Float](repeating: 60, count: 3))
    try file.close()
}
