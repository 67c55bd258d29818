import Basics
import DataPipeline
import Datasets
import HDF5Storage
import Testing
import Transforms

/// 10,000 draws of mixup and cutmix, of a fixed seed, beside torchvision's: `Golden/generate_mixtures.py`.
@Suite struct MixtureDistributionTests {
    private static let draws = 10_000
    private static let (height, width) = (20, 12)
    /// So many that a partner is seldom of the same class.
    private static let classes = 1009

    /// A sample after mixing. Its own values were all its index.
    private struct Mixture {
        let index: Int
        /// Of its own class.
        let share: Float
        let pixels: Int
        /// Pixels that are not its own, and the first one's value.
        var foreign: [Int] = []
        var other: Float?
        /// Whether these have one value.
        var isPasted = true

        init(index: Int, values: ArraySlice<Float>, share: Float) {
            (self.index, self.share, pixels) = (index, share, values.count)
            for place in values.indices where values[place] != Float(index) {
                foreign.append(place - values.startIndex)
                isPasted = isPasted && values[place] == other ?? values[place]
                other = values[place]
            }
        }

        /// Pixels of one other sample; nil if there are none, or they are no box.
        var box: (rows: Range<Int>, columns: Range<Int>)? {
            guard let first = foreign.first, let last = foreign.last, isPasted else { return nil }
            let rows = first / width..<last / width + 1
            let columns = first % width..<last % width + 1
            let isFull =
                foreign.count == rows.count * columns.count && foreign.allSatisfy { columns.contains($0 % width) }
            return isFull ? (rows, columns) : nil
        }
    }

    private func mixtures(_ list: String, height: Int, width: Int) throws -> [Mixture] {
        let (scratch, elements) = (try Scratch(), height * width)
        let file = try scratch.dataset(options: DatasetOptions(order: .nhwc)) { root in
            let values = (0..<Self.draws).flatMap { [Float](repeating: Float($0), count: elements) }
            try root.write("images", shape: [Self.draws, height, width, 1], values)
            try root.write("labels", shape: [Self.draws], (0..<Self.draws).map { Int32($0 % Self.classes) })
        }
        let samples = try file.split(.train)
        let chain = try TransformChain(
            AugmentationList(parsing: list, option: "augment").transforms, of: samples, seed: 11)
        // So large that a sample is seldom its own partner.
        let sampler = Sampler(samples, batch: 1000, shards: 4, seed: 5)
        let reader = BatchReader(samples, transforms: chain, sampler: sampler, shards: 0..<4, epochs: 1)
        defer { reader.stop() }
        var result: [Mixture] = []
        while let buffer = try reader.next() {
            for shard in buffer.shards {
                let received = Received(buffer[shard], elements: elements)
                for (place, index) in received.indices.enumerated() {
                    let shares = buffer[shard].targets + place * Self.classes
                    result.append(
                        Mixture(
                            index: index, values: received.values[place * elements..<(place + 1) * elements],
                            share: shares[index % Self.classes]))
                }
            }
            reader.release(buffer)
        }
        #expect(result.count == Self.draws)
        return result
    }

    /// Kolmogorov and Smirnov: how far shares of all values up to one differ. Of pairs of samples as large as these, of the same
    /// distribution, one in 1,000 is farther apart.
    private func expectAlike(_ found: [Int], _ path: String) throws {
        let counts = try HDF5File.open(golden("mixtures.h5")).root.dataset(path).read(as: Int32.self).map { Int($0) }
        #expect(counts.count == found.count, "\(path)")
        let (all, drawn) = (Double(counts.reduce(0, +)), Double(found.reduce(0, +)))
        var (upToHere, farthest) = ((wanted: 0, found: 0), 0.0)
        for (wanted, found) in zip(counts, found) {
            upToHere = (upToHere.wanted + wanted, upToHere.found + found)
            farthest = max(farthest, abs(Double(upToHere.wanted) / all - Double(upToHere.found) / drawn))
        }
        #expect(farthest < 1.95 * (1 / all + 1 / drawn).squareRoot(), "\(path): \(farthest)")
    }

    private func counts(_ values: [Int], upTo most: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: most + 1)
        for value in values { counts[min(value, most)] += 1 }
        return counts
    }

    @Test(arguments: ["0.2", "0.8", "1.0", "4.0"]) func weightsOfMixupAreThoseOfTorchvision(alpha: String) throws {
        let weights = try mixtures("mixup(\(alpha))", height: 1, width: 1).map(\.share)
        try expectAlike(counts(weights.map { min(Int($0 * 50), 49) }, upTo: 49), "mixup/\(alpha)")
    }

    @Test(arguments: ["0.3", "1.0"]) func boxesOfCutMixAreThoseOfTorchvision(alpha: String) throws {
        let (height, width) = (Self.height, Self.width)
        let all = try mixtures("cutmix(\(alpha))", height: height, width: width)
        let boxes = all.map(\.box)
        #expect(zip(boxes, all).allSatisfy { ($0 != nil) == ($1.other != nil) }, "pixels of a partner are a box")
        let areas = boxes.map { $0.map { $0.rows.count * $0.columns.count } ?? 0 }
        // What was cut off at the border does not count.
        for (mixture, area) in zip(all, areas) {
            guard let other = mixture.other else { continue }
            let isOfOwnClass = Int(other) % Self.classes == mixture.index % Self.classes
            let part = isOfOwnClass ? 1 : 1 - Float(area) / Float(height * width)
            #expect(abs(mixture.share - part) < 1e-6)
        }
        let seen = boxes.compactMap(\.self)
        try expectAlike(counts(areas, upTo: height * width), "cutmix/\(alpha)/area")
        try expectAlike(counts(seen.map(\.rows.lowerBound), upTo: height), "cutmix/\(alpha)/top")
        try expectAlike(counts(seen.map(\.columns.lowerBound), upTo: width), "cutmix/\(alpha)/left")
        try expectAlike(counts(seen.map(\.rows.count), upTo: height), "cutmix/\(alpha)/height")
        try expectAlike(counts(seen.map(\.columns.count), upTo: width), "cutmix/\(alpha)/width")
    }

    /// As often as `probability` says samples are mixed, and of these as often as `switch` says with a box.
    @Test func whichMixtureIsDrawnAsOftenAsItSays() throws {
        // Weights near the middle, so that every mixture is seen.
        let all = try mixtures(
            "mixup-or-cutmix(mixup=100, cutmix=100, switch=0.3, probability=0.6)", height: Self.height,
            width: Self.width)
        let untouched = all.count { $0.foreign.isEmpty }
        let boxes = all.count { (1..<$0.pixels).contains($0.foreign.count) }
        #expect(abs(untouched - 4000) < 170, "\(untouched)")
        #expect(abs(boxes - 1800) < 130, "\(boxes)")
        for list in ["mixup(100, probability=0.6)", "cutmix(100, probability=0.6)"] {
            let untouched = try mixtures(list, height: 6, width: 6).count { $0.share == 1 }
            #expect(abs(untouched - 4000) < 170, "\(list): \(untouched)")
        }
    }
}
