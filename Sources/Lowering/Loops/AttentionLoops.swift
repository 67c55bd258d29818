import Basics
import Models

#if canImport(Glibc)
import Glibc
#endif

extension AttentionWeights: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        AttentionWeightsLoops(
            AttentionHeads(operation.inputShapes[0], operation.inputShapes[1], heads), scale: scale, mask,
            maskCount: mask.isInput ? operation.inputShapes[2].count : 0, zeroesExcluded: zeroesExcluded,
            samples: samples)
    }
}

extension AttentionSum: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let (weights, values) = (operation.inputShapes[0], operation.inputShapes[1])
        return AttentionSumLoops(AttentionHeads(operation.outputShape, values, weights[0]), samples: samples)
    }
}

/// How the heads lie in the arrays of an attention: those of a place one behind the other.
struct AttentionHeads {
    let heads: Int
    /// Places of the query, and of keys or values.
    let queries: Int
    let places: Int
    /// Numbers of a head in a place.
    let width: Int

    init(_ query: Shape, _ value: Shape, _ heads: Int) {
        self.heads = heads
        queries = query.count / query[query.rank - 1]
        places = value.count / value[value.rank - 1]
        width = value[value.rank - 1] / heads
    }

    /// From one place to the next.
    var stride: Int { heads * width }
    var queryCount: Int { queries * stride }
    var valueCount: Int { places * stride }
    /// Weights of a head.
    var weightCount: Int { queries * places }

    /// A head's numbers of all places, each number's places one after the other: sums over them are then sums of rows.
    @inline(__always)
    func transpose(_ x: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>) {
        for place in 0..<places {
            for i in 0..<width { result[i * places + place] = x[place * stride + i] }
        }
    }
}

/// y += factor · x.
@inline(__always)
private func add(
    _ factor: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ count: Int
) {
    for i in 0..<count { y[i] += factor * x[i] }
}

struct AttentionWeightsLoops: PlainLayer {
    private let heads: AttentionHeads
    private let samples: Int
    private let scale: Float
    private let mask: AttentionMask
    /// Elements that the mask has for a sample, if it is an input.
    private let maskCount: Int
    private let zeroesExcluded: Bool

    init(
        _ heads: AttentionHeads, scale: Float, _ mask: AttentionMask, maskCount: Int, zeroesExcluded: Bool, samples: Int
    ) {
        (self.heads, self.scale, self.mask, self.maskCount, self.samples) = (heads, scale, mask, maskCount, samples)
        self.zeroesExcluded = zeroesExcluded
    }

    /// Sets what does not count for a place of the query to `value`. `given` has what samples say themselves.
    @inline(__always)
    private func exclude(
        _ row: UnsafeMutablePointer<Float>, _ place: Int, _ sample: Int, given: UnsafePointer<Float>?, _ value: Float
    ) {
        let places = heads.places
        if mask.isCausal, place + 1 < places { (row + place + 1).update(repeating: value, count: places - place - 1) }
        if let rows = mask.rows {
            let counting = rows[rows.count == 1 ? 0 : place]
            for i in 0..<places where !counting[i] { row[i] = value }
        }
        guard let given else { return }
        let own = given + sample * maskCount + (maskCount == places ? 0 : place * places)
        for i in 0..<places where own[i] == 0 { row[i] = value }
    }

    var kept: KeptValues { .inputsAndOutput }
    var scratchCount: Int { heads.width * heads.places }

    /// So low that softmax makes 0 of it, unless all are so low.
    private static let excluded = -0.7 * Float.greatestFiniteMagnitude

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (places, width, stride) = (heads.places, heads.width, heads.stride)
        for sample in 0..<samples {
            for head in 0..<heads.heads {
                let query = x[0] + sample * heads.queryCount + head * width
                heads.transpose(x[1] + sample * heads.valueCount + head * width, into: scratch)
                let weights = y + (sample * heads.heads + head) * heads.weightCount
                for place in 0..<heads.queries {
                    let row = weights + place * places
                    row.update(repeating: 0, count: places)
                    for i in 0..<width { add(query[place * stride + i] * scale, scratch + i * places, to: row, places) }
                    exclude(row, place, sample, given: maskCount > 0 ? x[2] : nil, Self.excluded)
                    _ = softmax(row, row, width: places)
                    // Only where all are excluded is there a weight that is not 0 yet.
                    if zeroesExcluded { exclude(row, place, sample, given: maskCount > 0 ? x[2] : nil, 0) }
                }
            }
        }
    }

    /// ds = p (dp - Σ dp p), 0 for what does not count; dq = scale ds k; dk = scale dsᵀ q.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (places, width, stride) = (heads.places, heads.width, heads.stride)
        dx[0]?.update(repeating: 0, count: samples * heads.queryCount)
        dx[1]?.update(repeating: 0, count: samples * heads.valueCount)
        if maskCount > 0 { dx[2]?.update(repeating: 0, count: samples * maskCount) }
        let output = kept[kept.count - 1]
        for sample in 0..<samples {
            for head in 0..<heads.heads {
                let (queries, keys) = (
                    sample * heads.queryCount + head * width, sample * heads.valueCount + head * width
                )
                let weights = (sample * heads.heads + head) * heads.weightCount
                for place in 0..<heads.queries {
                    let (p, dp) = (output + weights + place * places, dy + weights + place * places)
                    let mean = dot(dp, p, places)
                    for i in 0..<places { scratch[i] = scale * p[i] * (dp[i] - mean) }
                    exclude(scratch, place, sample, given: maskCount > 0 ? kept[2] : nil, 0)
                    let query = queries + place * stride
                    for i in 0..<places {
                        let key = keys + i * stride
                        if let dq = dx[0] { add(scratch[i], kept[1] + key, to: dq + query, width) }
                        if let dk = dx[1] { add(scratch[i], kept[0] + query, to: dk + key, width) }
                    }
                }
            }
        }
    }
}

struct AttentionSumLoops: PlainLayer {
    private let heads: AttentionHeads
    private let samples: Int

    init(_ heads: AttentionHeads, samples: Int) { (self.heads, self.samples) = (heads, samples) }

    var kept: KeptValues { .inputs }
    var scratchCount: Int { heads.width * heads.places }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (places, width, stride) = (heads.places, heads.width, heads.stride)
        y.update(repeating: 0, count: samples * heads.queryCount)
        for sample in 0..<samples {
            for head in 0..<heads.heads {
                let weights = x[0] + (sample * heads.heads + head) * heads.weightCount
                let values = x[1] + sample * heads.valueCount + head * width
                let sums = y + sample * heads.queryCount + head * width
                for place in 0..<heads.queries {
                    for i in 0..<places {
                        add(weights[place * places + i], values + i * stride, to: sums + place * stride, width)
                    }
                }
            }
        }
    }

    /// dp = dy vᵀ; dv = pᵀ dy.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (places, width, stride) = (heads.places, heads.width, heads.stride)
        dx[0]?.update(repeating: 0, count: samples * heads.heads * heads.weightCount)
        dx[1]?.update(repeating: 0, count: samples * heads.valueCount)
        for sample in 0..<samples {
            for head in 0..<heads.heads {
                let weights = (sample * heads.heads + head) * heads.weightCount
                let values = sample * heads.valueCount + head * width
                if dx[0] != nil { heads.transpose(kept[1] + values, into: scratch) }
                for place in 0..<heads.queries {
                    let gradient = dy + sample * heads.queryCount + head * width + place * stride
                    let row = weights + place * places
                    if let dp = dx[0] {
                        for i in 0..<width { add(gradient[i], scratch + i * places, to: dp + row, places) }
                    }
                    if let dv = dx[1] {
                        for i in 0..<places { add(kept[0][row + i], gradient, to: dv + values + i * stride, width) }
                    }
                }
            }
        }
    }
}
