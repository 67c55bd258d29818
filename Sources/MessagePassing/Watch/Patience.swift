import FoundationEssentials

extension StallWatch {
    /// How long a rank may wait for others, in seconds without a sign of life.
    package struct Patience: Sendable, Equatable {
        /// After which it is said.
        package var notice = 60
        /// After which the job is ended.
        package var limit = 900

        private static let variable = "DPTRAIN_STALL_SECONDS"

        package init(notice: Int = 60, limit: Int = 900) {
            self.notice = notice
            self.limit = limit
        }

        /// `DPTRAIN_STALL_SECONDS=notice,limit` changes both. Throws if it is set to something else.
        package init(environment: [String: String], rank: Int) throws(MessagePassingError) {
            guard let text = environment[Self.variable], !text.isEmpty else { return }
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            guard numbers.count == 2, numbers[0] > 0, numbers[1] >= numbers[0], numbers[1] <= 1e9 else {
                throw MessagePassingError(
                    rank: rank, operation: "reading \(Self.variable)",
                    reason: "`\(text)` is not two numbers of seconds",
                    remedy: "give the time until a message and the time until the end, such as 60,900")
            }
            (notice, limit) = (Int(numbers[0].rounded(.up)), Int(numbers[1].rounded(.up)))
        }
    }
}
