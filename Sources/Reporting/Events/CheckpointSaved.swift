import Checkpoints

/// A checkpoint is whole and on the disk.
public struct CheckpointSaved: Sendable, Equatable {
    /// The file; the other names of its roles lead to it too.
    public let path: String
    public let roles: CheckpointStore.Role
    /// Whole epochs of the run done.
    public let epoch: Int
    /// Steps of the run done.
    public let step: Int
    /// What it took to compose it in memory, during which the run stood still.
    public let seconds: Double
    /// The size of the file.
    public let bytes: Int

    package init(path: String, roles: CheckpointStore.Role, epoch: Int, step: Int, seconds: Double, bytes: Int) {
        (self.path, self.roles) = (path, roles)
        (self.epoch, self.step) = (epoch, step)
        (self.seconds, self.bytes) = (seconds, bytes)
    }
}
