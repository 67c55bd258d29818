import CMPI

/// A collective under way. Its buffers and layouts must stay until a `RequestSet` reports it complete.
public struct Request {
    let handle: cmpi_request
}

/// Non-blocking collectives: started by every rank, in the same order on one communicator. MPI moves them on only
/// inside its calls.
extension Communicator {
    /// Sends each rank its part of `send` and receives each rank's part into `receive`.
    public func startAllToAllV<T: MessageElement>(
        send: UnsafePointer<T>, _ sendLayout: RankLayout,
        receive: UnsafeMutablePointer<T>, _ receiveLayout: RankLayout
    ) throws -> Request {
        var request = cmpi_request_null()
        let type = T.messageKind.datatype.mpi
        let code = MPI_Ialltoallv(
            send, sendLayout.counts, sendLayout.offsets, type,
            receive, receiveLayout.counts, receiveLayout.offsets, type, handle.mpi, &request.mpi)
        try check(code, "MPI_Ialltoallv")
        return Request(handle: request)
    }

    /// Completes `buffer`, in which each rank has its own part, with the parts of all.
    public func startAllGatherV<T: MessageElement>(
        inPlace buffer: UnsafeMutablePointer<T>, _ layout: RankLayout
    ) throws -> Request {
        var request = cmpi_request_null()
        let type = T.messageKind.datatype.mpi
        let code = MPI_Iallgatherv(
            cmpi_in_place(), 0, type, buffer, layout.counts, layout.offsets, type, handle.mpi, &request.mpi)
        try check(code, "MPI_Iallgatherv")
        return Request(handle: request)
    }

    /// Replaces every element by its sum over the ranks, in an order of MPI's choice.
    public func startAllReduceSum<T: MessageElement>(
        inPlace buffer: UnsafeMutableBufferPointer<T>
    ) throws -> Request {
        var request = cmpi_request_null()
        let count = try count(buffer.count, "MPI_Iallreduce")
        let code = MPI_Iallreduce(
            cmpi_in_place(), buffer.baseAddress, count, T.messageKind.datatype.mpi, cmpi_sum(), handle.mpi, &request.mpi
        )
        try check(code, "MPI_Iallreduce")
        return Request(handle: request)
    }
}

/// A fixed number of places for requests, which are tested and awaited together without allocation.
public final class RequestSet {
    public let capacity: Int
    /// The number of requests not yet reported complete.
    public private(set) var inFlight = 0
    private let rank: Int
    private let watch: StallWatch
    private let handles: UnsafeMutablePointer<cmpi_request>
    private let completed: UnsafeMutablePointer<Int32>

    /// For requests of `communicator` and its duplicates.
    public init(capacity: Int, _ communicator: Communicator) {
        self.capacity = capacity
        rank = communicator.rank
        watch = communicator.watch
        handles = .allocate(capacity: capacity)
        handles.initialize(repeating: cmpi_request_null(), count: capacity)
        completed = .allocate(capacity: capacity)
        completed.initialize(repeating: 0, count: capacity)
    }

    deinit {
        handles.deallocate()
        completed.deallocate()
    }

    /// Puts a request at a free place.
    public func insert(_ request: Request, at place: Int) {
        precondition(cmpi_is_under_way(handles[place]) == 0, "the place holds a request under way")
        handles[place] = request.handle
        inFlight += 1
    }

    /// Moves what is under way on, and returns the places of the requests that have completed since the last call. The
    /// result is valid until the next call.
    public func testSome() throws -> UnsafeBufferPointer<Int32> {
        if inFlight == 0 { return UnsafeBufferPointer(start: completed, count: 0) }
        var count: Int32 = 0
        let code = cmpi_testsome(Int32(capacity), handles, &count, completed)
        return try report(code, count, "MPI_Testsome")
    }

    /// As `testSome`, but waits for at least one request if any is under way.
    public func waitSome() throws -> UnsafeBufferPointer<Int32> {
        if inFlight == 0 { return UnsafeBufferPointer(start: completed, count: 0) }
        var count: Int32 = 0
        let code = watch.during(.waiting) {
            cmpi_waitsome(Int32(capacity), handles, &count, completed)
        }
        return try report(code, count, "MPI_Waitsome")
    }

    /// Waits for all requests.
    public func waitAll() throws {
        while inFlight > 0 { _ = try waitSome() }
    }

    private func report(_ code: Int32, _ count: Int32, _ operation: String) throws -> UnsafeBufferPointer<Int32> {
        try Communicator.check(code, operation, rank: rank)
        let number = max(0, Int(count))
        inFlight -= number
        return UnsafeBufferPointer(start: completed, count: number)
    }
}
