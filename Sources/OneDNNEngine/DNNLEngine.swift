import CDNNL
import Execution

/// The fast engine: oneDNN's primitives in the layouts they prefer, kept through the whole plan.
public final class DNNLEngine: Engine {
    public let name = "onednn"
    public let description: String
    private let library: Library

    /// OpenMP's thread count must be set in the environment before the process starts: oneDNN reads it there.
    public init() throws {
        library = try Library()
        description = "oneDNN \(library.version) \(library.instructionSet)"
    }

    public func plan(_ request: PlanRequest) throws -> Plan {
        try Planner.plan(request) { DNNLCompiler(builder: $0, library: library) }
    }
}
