import BLASEngine
import Basics
import Execution
import Options

#if ONEDNN
import OneDNNEngine
#endif

/// The engines this program was built with.
package enum EngineChoice {
    #if ONEDNN
    package static let standard = TrainingOptions.EngineName.onednn
    package static let all = [TrainingOptions.EngineName.blas, .onednn]
    #else
    package static let standard = TrainingOptions.EngineName.blas
    package static let all = [TrainingOptions.EngineName.blas]
    #endif

    package static func engine(_ name: TrainingOptions.EngineName, threads: Int) throws -> any Engine {
        switch name {
        case .blas: return OpenBLASEngine(threads: threads)
        case .onednn:
            #if ONEDNN
            return try DNNLEngine(threads: threads)
            #else
            throw OptionError("engine", "this dptrain was built without oneDNN; use --engine blas")
            #endif
        }
    }

    /// The precisions that the engine has on this processor.
    package static func precisions(of engine: any Engine) -> [Precision] {
        #if ONEDNN
        if let engine = engine as? DNNLEngine, engine.computesBF16 { return [.fp32, .bf16] }
        #endif
        return [.fp32]
    }
}
