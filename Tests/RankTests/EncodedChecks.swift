import Basics
import Evaluation
import Foundation
import HDF5Storage
import ImageCoding
import Training

/// Runs on images that are stored as JPEG, in part files.
var encodedChecks: [RankCheck] {
    [
        RankCheck("encoded images give the same run with 1 and 3 readers, in one file and in parts, and over resume") {
            check in
            let trial = try RunTrial(check)
            if check.rank == 0 {
                try writeImages(0..<40, to: trial.path("whole.h5"))
                for (part, rows) in [0..<7, 7..<31, 31..<40].enumerated() {
                    try writeImages(rows, to: trial.path("x-\(part + 1)-of-3.h5"))
                }
            }
            try check.world.barrier()
            let whole = settings(trial, "whole.h5", readers: 1)
            let reference = try trial.files(of: "one") { try trial.run(in: "one", settings: whole) }
            for (name, data, readers) in [("three", "whole.h5", 3), ("parts", "x-*.h5", 2)] {
                let files = try trial.files(of: name) {
                    try trial.run(in: name, settings: settings(trial, data, readers: readers))
                }
                for (file, bytes) in reference { check.expect(files[file] == bytes, "\(name): \(file) differs") }
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

            let losses = try ["whole.h5", "x-*.h5"].map { data in
                var request = EvaluationRequest(
                    models: [trial.path("one/latest.h5")], data: trial.path(data), engine: RankEngine.standard)
                request.readers = 2
                return try EvaluationRun(request, check.world, engines: RankEngine.make).evaluate().loss
            }
            check.expect(losses[0], equals: losses[1], "losses of one file and of its parts")
        }
    ]
}

private func settings(_ trial: RunTrial, _ data: String, readers: Int) -> [String: String] {
    [
        "data": trial.path(data), "readers": "\(readers)", "input-size": "28x28x3", "augment": "flip",
        "validation-split": "0.25",
    ]
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
    try file.close()
}
