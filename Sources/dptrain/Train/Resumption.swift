import ArgumentParser
import Checkpoints
import HDF5Storage
import Training

/// `--resume`, or `--resume FILE`.
enum Resumption: ExpressibleByArgument {
    /// From the newest checkpoint of the output folder.
    case latest
    case file(String)

    init?(argument: String) { self = .file(argument) }

    var request: RunRequest.Resume {
        switch self {
        case .latest: .latest
        case .file(let path): .file(path)
        }
    }

    /// The run's threads a rank so far. They are needed before MPI starts, and the checkpoint is read as a whole later;
    /// nil where they cannot be told, since that reading will find out why and say so.
    func threads(output: String?) -> Int? {
        let path =
            switch self {
            case .latest: "\(output ?? TrainingRun.defaultOutput)/\(CheckpointStore.latestName)"
            case .file(let path): path
            }
        let options = try? HDF5File.open(path).root.group("dptrain/options").attributes
        return (try? options?.string("threads")).flatMap { Int($0) }
    }
}
