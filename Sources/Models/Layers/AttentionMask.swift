import Basics

/// Which values count for which places of an attention's query. A value counts if no part of the mask excludes it. For a place for
/// which none counts, all count alike, unless the layer says otherwise.
public struct AttentionMask: Sendable, Equatable {
    /// Only values up to the place itself count.
    public let isCausal: Bool
    /// Whether the attention's last input says for each sample what counts, [places of the query or 1, places of the values]: what is
    /// not 0.
    public let isInput: Bool
    /// The same for all samples; nil where there is none.
    public let rows: [[Bool]]?

    public init(isCausal: Bool = false, isInput: Bool = false, rows: [[Bool]]? = nil) {
        (self.isCausal, self.isInput, self.rows) = (isCausal, isInput, rows)
    }

    /// Refuses a mask that does not fit a query and values. `given` is the input's shape.
    func require(_ query: Shape, _ value: Shape, given: Shape?) throws(LayerError) {
        guard isCausal || given != nil || rows != nil else { return }
        guard query.rank == 2, value.rank == 2 else {
            throw LayerError("has a mask, which is supported for sequences only, not for \(query) and \(value)")
        }
        let sizes = [given?.extents, rows.map { [$0.count, $0.first?.count ?? 0] }].compactMap(\.self)
        if let wrong = sizes.first(where: { $0.count != 2 || $0[1] != value[0] || ($0[0] != 1 && $0[0] != query[0]) }) {
            throw LayerError(
                "has a mask of \(wrong.map(String.init).joined(separator: "x")), which must be "
                    + "\(query[0])x\(value[0]) or 1x\(value[0])")
        }
    }
}
