import Basics
import Execution
import MessagePassing
import Reduction

/// An exchange as unlike the others as the protocol allows: rank 0 sums and updates everything, messages wait for each
/// other, nothing is under way during the backward pass, and all arenas are parts of one block.
final class RootExchange: GradientExchange {
    static var caveat: String? { nil }
    static var addsRounded: Bool { false }

    static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan, _ nodes: NodeMap) -> Range<Int> {
        let range = buckets.buckets[bucket]
        return rank == 0 ? range : range.upperBound..<range.upperBound
    }

    static func memory(_ plan: ExchangePlan) -> ExchangeMemory {
        ExchangeMemory(plan, messages: plan.buckets.count * MemoryLayout<Float>.stride)
    }

    let arenas: Arenas
    private let plan: ExchangePlan
    private let communicator: Communicator
    private let sums: AlignedBuffer<Float>
    private var program: ShardProgram?
    private var (started, gathered) = (0, 0)
    private var unshared: [Int] = []

    init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        self.plan = plan
        self.communicator = try communicator.duplicate()
        let count = plan.buckets.count
        let block = AlignedBuffer<Float>(count: plan.parameterCount + plan.levels * count)
        arenas = Arenas(
            parameters: AlignedBuffer(count: plan.parameterCount, at: block.baseAddress, of: block),
            gradientLevels: (0..<plan.levels).map {
                AlignedBuffer(count: count, at: block.baseAddress + plan.parameterCount + $0 * count, of: block)
            })
        sums = AlignedBuffer(count: count)
    }

    func begin(_ program: ShardProgram) {
        self.program = program
        (started, gathered) = (0, 0)
    }

    func start(_ bucket: Int) { started = bucket + 1 }
    func progress() {}
    func hasArrived(_ bucket: Int) -> Bool { bucket < gathered }
    func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        sums.baseAddress + plan.buckets.buckets[bucket].lowerBound
    }
    func share(_ bucket: Int) { unshared.append(bucket) }
    var isIdle: Bool { gathered == started && unshared.isEmpty }

    func wait() throws -> WaitCause {
        if gathered < started {
            try gather()
            gathered = started
        }
        for bucket in unshared { try communicator.broadcast(arenas.parameters[plan.buckets.buckets[bucket]]) }
        unshared = []
        return .betweenNodes
    }

    private func gather() throws {
        guard let program else { return }
        let own = (0..<program.partials).flatMap { Array(arenas.gradientLevels[$0].elements) }
        let parts = Array(try communicator.gather(own).joined())
        guard communicator.rank == 0 else { return }
        let tree = ReductionTree(shards: plan.partition.shards)
        let nodes = (0..<communicator.size).flatMap { tree.subtrees(of: plan.partition.shards(of: $0)) }
            .map(\.lowerBound).filter { $0 < program.present }
        let additions = ReductionTree.additions(after: nodes)
        for element in 0..<sums.count {
            var stack: [Float] = []
            for (node, count) in additions.enumerated() {
                stack.append(parts[node * sums.count + element])
                for _ in 0..<count {
                    let right = stack.removeLast()
                    stack[stack.count - 1] += right
                }
            }
            sums[element] = stack[0]
        }
    }

    var activeSeconds: Double { 0 }
    var bytesSent: Int { 0 }
    var trace: ReductionTrace?
}
