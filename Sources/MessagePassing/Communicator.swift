import CMPI
import FoundationEssentials
import Glibc

/// The ranks of a run and the messages between them: MPI behind typed, throwing calls.
///
/// Every method that says "collective" must be called by all ranks, in the same order. A communicator is used by one
/// thread at a time.
public final class Communicator {
    public let rank: Int
    public let size: Int
    let handle: cmpi_comm
    /// Is told what this rank does, so that a job whose ranks wait in vain ends.
    package let watch: StallWatch
    /// For what ranks of one node gather without messages; nil where they do not.
    private(set) var sharedGather: SharedGather?
    /// Of its ranks, once they are known.
    private var nodes: NodeMap?
    /// Without names until MPI ends; the first rank of a node has them.
    private var hiddenFiles: SharedFiles?

    /// How much threading MPI offers.
    public enum ThreadLevel: Int32, Sendable, Comparable {
        case single, funneled, serialized, multiple

        public static func < (a: ThreadLevel, b: ThreadLevel) -> Bool { a.rawValue < b.rawValue }
    }

    /// Starts MPI and returns the communicator of all ranks, numbered node by node. Collective; once a process.
    ///
    /// Shards go to ranks in the order of their numbers. Where the launcher deals ranks to nodes in turn (`--map-by node`), its
    /// numbers would tear a node's run of shards apart, and each of its ranks would send its sums to other nodes.
    ///
    /// Threads may take turns in calling MPI, hence `serialized`: `multiple` would lock on every call.
    public static func world() throws -> Communicator {
        let launch = LaunchEnvironment.current
        // A process alone shares nothing.
        if launch.isUnderLauncher {
            try MPI.implementation.requireRoom(ProcessInfo.processInfo.environment, rank: launch.rank)
        }
        try LauncherWatch.begin(launch)
        let patience = try StallWatch.Patience(environment: ProcessInfo.processInfo.environment, rank: launch.rank)
        let watch = try StallWatch(launch, patience)
        var provided: Int32 = 0
        let code = MPI_Init_thread(nil, nil, ThreadLevel.serialized.rawValue, &provided)
        try check(code, "MPI_Init_thread", rank: launch.rank)
        let world = try Communicator(cmpi_comm_world(), watch)
        try launch.refuseIsolation(communicatorSize: world.size)
        watch.know(try RankDirectory(world, port: watch.port))
        watch.begin(.preparing)
        let nodes = try world.nodeMap()
        let hidden = try world.hideSharedFiles(nodes)
        let ordered = nodes.haveNeighbouringRanks ? world : try world.nodeByNode(nodes)
        ordered.hiddenFiles = hidden
        return ordered
    }

    /// The same ranks, those of a node one after the other. Rank 0 stays what it is. Checks give nodes that are only supposed.
    /// Collective.
    package func nodeByNode(_ nodes: NodeMap) throws -> Communicator {
        let place = try count(nodes.place(of: rank), "MPI_Comm_split")
        let ordered = try split("MPI_Comm_split") { MPI_Comm_split(handle.mpi, 0, place, &$0.mpi) }
        ordered.nodes = NodeMap(sizes: nodes.nodes.map(\.count))
        return ordered
    }

    /// The nodes of this communicator's ranks. Collective.
    public func nodeMap() throws -> NodeMap {
        if let nodes { return nodes }
        let found = try nodesThatShareMemory()
        nodes = found
        return found
    }

    private init(_ handle: cmpi_comm, _ watch: StallWatch) throws {
        var rank: Int32 = 0
        var size: Int32 = 0
        let launched = LaunchEnvironment.current.rank
        try Self.check(
            MPI_Comm_set_errhandler(handle.mpi, cmpi_errors_return()), "MPI_Comm_set_errhandler", rank: launched)
        try Self.check(MPI_Comm_rank(handle.mpi, &rank), "MPI_Comm_rank", rank: launched)
        try Self.check(MPI_Comm_size(handle.mpi, &size), "MPI_Comm_size", rank: launched)
        self.handle = handle
        self.watch = watch
        self.rank = Int(rank)
        self.size = Int(size)
    }

    /// The same ranks with an order of messages of their own: collectives on two communicators need not be started in
    /// the same order on all ranks. Collective. Lives until `finalize`.
    public func duplicate() throws -> Communicator {
        try split("MPI_Comm_dup") { MPI_Comm_dup(handle.mpi, &$0.mpi) }
    }

    /// From now on small parts are gathered in memory that all ranks share: those of one node (`memorySharing`). Collective.
    package func gatherInSharedMemory() throws {
        if sharedGather == nil { sharedGather = try SharedGather(self) }
    }

    /// The communicator that a collective call of MPI makes of this one.
    func split(_ operation: String, _ call: (inout cmpi_comm) -> Int32) throws -> Communicator {
        var made = cmpi_comm_null()
        try wait(operation) { call(&made) }
        guard cmpi_is_null(made) == 0 else { throw failure(operation, "it returned no communicator") }
        return try Communicator(made, watch)
    }

    // MARK: What runs where

    /// The level of threading that MPI granted.
    public var threadLevel: ThreadLevel {
        var provided: Int32 = 0
        MPI_Query_thread(&provided)
        return ThreadLevel(rawValue: provided) ?? .single
    }

    /// The host name of this rank's node.
    public var processorName: String {
        Self.text(capacity: MPI_MAX_PROCESSOR_NAME) { MPI_Get_processor_name($0, $1) }
    }

    /// The MPI library and its version, the first line of what it says: "Open MPI v4.1.4, package: ...".
    public static var libraryVersion: String {
        let all = text(capacity: MPI_MAX_LIBRARY_VERSION_STRING) { MPI_Get_library_version($0, $1) }
        return String(all.prefix { $0 != "\n" })
    }

    private static func text(
        capacity: Int32, _ fill: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32
    ) -> String {
        var length: Int32 = 0
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(capacity) + 1) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, fill(start, &length) == MPI_SUCCESS else { return "" }
            return String(cString: start)
        }
    }

    // MARK: The end

    /// Ends MPI. Collective; no communicator is used afterwards.
    public func finalize() throws {
        hiddenFiles?.restoreNames()
        // Each rank removes its own file, which must have its name by then.
        if size > 1 { try barrier() }
        try wait("MPI_Finalize") { MPI_Finalize() }
        watch.begin(.ended)
    }

    /// Ends all ranks at once; mpirun then exits with `code`.
    public func abort(code: Int32) -> Never {
        fflush(nil)
        cmpi_abort(handle, code)
        exit(code)
    }

    // MARK: Errors

    /// A call of MPI that may wait for other ranks.
    func wait(_ operation: String, _ call: () -> Int32) throws {
        try check(watch.during(.waiting, call), operation)
    }

    /// Turns MPI's return code into an error that names rank and operation.
    func check(_ code: Int32, _ operation: String) throws {
        try Self.check(code, operation, rank: launchedRank)
    }

    /// By which errors name this rank, also where the communicator has only some of the ranks.
    private var launchedRank: Int { LaunchEnvironment.current.rank }

    static func check(_ code: Int32, _ operation: String, rank: Int) throws {
        if code == MPI_SUCCESS { return }
        let reason = text(capacity: MPI_MAX_ERROR_STRING) { MPI_Error_string(code, $0, $1) }
        throw MessagePassingError(
            rank: rank, operation: operation, reason: reason.isEmpty ? "MPI's error code \(code)" : reason,
            remedy: "another rank or the network between the nodes has failed: look at the other ranks' messages")
    }

    func failure(_ operation: String, _ reason: String) -> MessagePassingError {
        MessagePassingError(
            rank: launchedRank, operation: operation, reason: reason,
            remedy: "check that all ranks run the same program")
    }

    /// MPI's counts are 32 bits wide.
    func count(_ elements: Int, _ operation: String) throws -> Int32 {
        guard let count = Int32(exactly: elements) else {
            throw MessagePassingError(
                rank: launchedRank, operation: operation, reason: "\(elements) elements, where MPI takes 2,147,483,647",
                remedy: "send it in parts")
        }
        return count
    }
}
