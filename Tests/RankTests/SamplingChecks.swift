import Basics
import DataPipeline
import Datasets
import Options
import Transforms

/// What each shard gets in each step, and how much it counts: the ranks read together what one rank reads alone, with one
/// reader and with three.
var samplingChecks: [RankCheck] {
    let choices: [(name: String, rule: ValidationRule, weights: ClassWeights?, isBalanced: Bool)] = [
        ("weights of classes", .stratified(0.2), .balanced, false),
        ("balanced classes", .none, nil, true),
        ("balanced and weighted classes of rows that are redrawn", .redrawn(0.3), ClassWeights("0:3,2:0.5"), true),
    ]
    return choices.map { choice in
        RankCheck("the ranks read what one rank reads alone: \(choice.name)") { check in
            let trial = try RunTrial(check)
            let file = try DatasetFile.open(trial.path("data.h5"))
            var train = try file.trainingData(choice.rule, seed: 4).train
            if let weights = choice.weights { train = try train.weighted(by: weights) }
            var source = BatchSource(
                train, try InputPipeline(TransformChain([], of: train, seed: 4), .unit, further: []), batch: 20,
                shards: 8, seed: 4,
                isBalanced: choice.isBalanced)
            let all = try read(source, shards: 0..<8)
            let own = ShardPartition.part(check.rank, of: check.world.size, total: 8)
            for readers in [1, 3] {
                source.readers = readers
                let mine = try read(source, shards: own)
                check.expect(mine, equals: Array(all[own]), "\(readers) readers of shards \(own)")
            }
            // Each rank has read all shards alone; that they agree is seen by one.
            let everywhere = try check.world.gather(all.flatMap { $0 })
            if check.rank == 0 { check.expect(Set(everywhere).count, equals: 1, "different readings") }
        }
    }
}

/// Of each shard over three epochs: step, number, row, label, weight and a digest of the values of each sample.
private func read(_ source: BatchSource, shards: Range<Int>) throws -> [[Int64]] {
    let reader = source.reader(shards: shards, epochs: 3)
    defer { reader.stop() }
    let elements = source.dataset.sample.count
    var found = [[Int64]](repeating: [], count: shards.count)
    while let buffer = try reader.next() {
        for (place, shard) in shards.enumerated() {
            let batch = buffer[shard]
            guard case .bytes(let bytes) = batch.values else { continue }
            for index in 0..<batch.count {
                var digest = Digest()
                digest.add(UnsafeRawBufferPointer(start: bytes + index * elements, count: elements))
                found[place] += [
                    Int64(buffer.epoch), Int64(buffer.step), Int64(batch.indices[index]), Int64(batch.row(index)),
                    Int64(batch.labels[index]), Int64(batch.weights[index].bitPattern),
                    Int64(bitPattern: digest.value),
                ]
            }
        }
        reader.release(buffer)
    }
    return found
}
