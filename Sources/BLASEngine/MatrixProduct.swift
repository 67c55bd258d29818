internal import CBLAS

/// c = a · b of row-major matrices: a is [rows, depth], b is [depth, columns], c is [rows, columns]. Planned once, so
/// that a step only calls `cblas_sgemm`.
struct MatrixProduct {
    private let rows: Int32
    private let columns: Int32
    private let depth: Int32
    private let transposesA: Bool
    private let transposesB: Bool

    /// A transposed matrix lies in memory as [depth, rows], or [columns, depth].
    init(rows: Int, columns: Int, depth: Int, transposesA: Bool = false, transposesB: Bool = false) {
        (self.rows, self.columns, self.depth) = (Int32(rows), Int32(columns), Int32(depth))
        self.transposesA = transposesA
        self.transposesB = transposesB
    }

    /// With `accumulate` the product is added to what `c` holds.
    func run(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        cblas_sgemm(
            CblasRowMajor, transposesA ? CblasTrans : CblasNoTrans, transposesB ? CblasTrans : CblasNoTrans,
            rows, columns, depth, 1, a, transposesA ? rows : depth, b, transposesB ? depth : columns,
            accumulate ? 1 : 0, c, columns)
    }
}
