import ModelZoo

/// The size of training images by epoch, such as `0:128,10:160,20:224`: small images first, which cost less (Howard, 2018; Touvron et
/// al., "Fixing the train-test resolution discrepancy", 2019). Validation always has the size of the network's input.
public struct SizeSchedule: PlainOptionValue {
    public struct Phase: Equatable, Sendable {
        /// The first epoch of this size, from 0.
        public let epoch: Int
        /// Height and width.
        public let size: InputSize
    }

    /// In the order of their epochs; the first begins with the run.
    public let phases: [Phase]

    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        phases = parts.compactMap { part in
            let pair = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, let epoch = Int(pair[0]), (0...Int(Int32.max)).contains(epoch),
                let size = InputSize(pair[1]), size.extents.count < 3
            else { return nil }
            return Phase(epoch: epoch, size: size)
        }
        let rises = zip(phases, phases.dropFirst()).allSatisfy { $0.epoch < $1.epoch }
        guard phases.count == parts.count, phases[0].epoch == 0, rises else { return nil }
    }

    public var description: String { phases.map { "\($0.epoch):\($0.size)" }.joined(separator: ",") }
    static var kind: String { "a list of epochs, from 0 and rising, with sizes such as 0:128,10:160,20:224" }
    public static var isQuoted: Bool { true }
}
