import BLASEngine
import Execution
import Options

#if ONEDNN
import OneDNNEngine
#endif

/// The engines that checks compute with.
enum RankEngine {
    #if ONEDNN
    static let all: [TrainingOptions.EngineName] = [.blas, .onednn]
    #else
    static let all: [TrainingOptions.EngineName] = [.blas]
    #endif

    /// What `dptrain` computes with where none is named.
    static var standard: TrainingOptions.EngineName { all[all.count - 1] }

    static func make(_ name: TrainingOptions.EngineName, threads: Int) throws -> any Engine {
        #if ONEDNN
        if name == .onednn { return try DNNLEngine(threads: threads) }
        #endif
        return OpenBLASEngine(threads: threads)
    }
}
