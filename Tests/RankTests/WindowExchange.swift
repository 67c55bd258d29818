import Basics
import Execution
import MessagePassing
import Reduction

/// An exchange within one node: gradient levels and the one parameter arena lie in memory that the ranks share, so nothing
/// is sent. The owner of a slice adds partial sums, and writes weights, where they lie.
final class WindowExchange: GradientExchange {
    static var caveat: String? { nil }
    static var addsRounded: Bool { false }

    static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan) -> Range<Int> {
        buckets.slice(bucket, of: rank)
    }

    static func memory(_ plan: ExchangePlan) -> ExchangeMemory {
        var memory = ExchangeMemory(plan, messages: 0)
        if plan.rank != plan.nodes.neighbours(of: plan.rank)[0] { memory.parameters = 0 }
        return memory
    }

    /// A barrier ends the first two.
    private enum Phase { case computing, updating, idle }

    let arenas: Arenas
    private let plan: ExchangePlan
    private let node: Communicator
    private let gradients: SharedWindow<Float>
    private var phase = Phase.idle
    private var additions: [Int] = []
    /// Where each partial sum begins, in the order of the tree.
    private var partials: [UnsafeMutablePointer<Float>] = []

    init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        precondition(plan.nodes.nodes.count == 1, "ranks of several nodes")
        self.plan = plan
        node = try communicator.split(by: plan.nodes.node(of: plan.rank))
        let count = plan.buckets.count
        let parameters = try SharedWindow<Float>(count: node.rank == 0 ? plan.parameterCount : 0, node)
        let gradients = try SharedWindow<Float>(count: plan.levels * count, node)
        self.gradients = gradients
        let own = gradients.parts[node.rank].baseAddress!
        arenas = Arenas(
            parameters: AlignedBuffer(count: plan.parameterCount, at: parameters.parts[0].baseAddress!, of: parameters),
            gradientLevels: (0..<plan.levels).map { AlignedBuffer(count: count, at: own + $0 * count, of: gradients) })
    }

    func begin(_ program: ShardProgram) {
        phase = .computing
        let tree = ReductionTree(shards: plan.partition.shards)
        let subtrees = (0..<node.size).map { rank in
            tree.subtrees(of: plan.partition.shards(of: rank)).map(\.lowerBound).filter { $0 < program.present }
        }
        additions = ReductionTree.additions(after: subtrees.flatMap { $0 })
        partials = subtrees.enumerated().flatMap { rank, nodes in
            nodes.indices.map { gradients.parts[rank].baseAddress! + $0 * plan.buckets.count }
        }
    }

    func start(_ bucket: Int) {}
    func progress() {}
    func hasArrived(_ bucket: Int) -> Bool { phase != .computing }

    func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        let slice = plan.buckets.slice(bucket, of: plan.rank)
        var stack: [UnsafeMutablePointer<Float>] = []
        for (partial, count) in zip(partials, additions) {
            stack.append(partial + slice.lowerBound)
            for _ in 0..<count {
                let right = stack.removeLast()
                for i in 0..<slice.count { stack[stack.count - 1][i] += right[i] }
            }
        }
        return stack[0]
    }

    func share(_ bucket: Int) {}
    var isIdle: Bool { phase == .idle }

    func wait() throws {
        try gradients.barrier()
        phase = phase == .computing ? .updating : .idle
    }

    var activeSeconds: Double { 0 }
    var bytesSent: Int { 0 }
    var trace: ReductionTrace?
}
