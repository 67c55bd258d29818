import Basics
import CDNNL

/// How a tensor lies in memory: oneDNN's memory descriptor as a value. Dimensions are oneDNN's: [n, C, H, W] for images,
/// whatever their order in memory.
package struct MemoryDescriptor: Hashable, Sendable {
    private let storage: Storage

    /// Owns the library's layout, which never changes.
    private final class Storage: @unchecked Sendable {
        let handle: cdnnl_memory_desc_t

        init(_ handle: cdnnl_memory_desc_t) { self.handle = handle }

        deinit { dnnl_memory_desc_destroy(handle) }
    }

    /// What a call of the library makes. `operation` is named if it fails.
    package init(
        _ operation: @autoclosure () -> String = "describe memory",
        _ make: (inout cdnnl_memory_desc_t?) -> dnnl_status_t
    ) throws {
        var made: cdnnl_memory_desc_t?
        let status = make(&made)
        guard status == dnnl_success, let made else {
            try check(status, operation())
            throw failure(operation(), "the library returned nothing")
        }
        storage = Storage(made)
    }

    package init(_ dimensions: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32) throws {
        let dims = dimensions.map(Int64.init)
        try self.init("describe memory \(dimensions)") {
            dnnl_memory_desc_create_with_tag(&$0, Int32(dims.count), dims, type, tag)
        }
    }

    /// Elements of single precision, `strides` apart along each axis.
    package init(_ dimensions: [Int], strides: [Int]) throws {
        let (dims, steps) = (dimensions.map(Int64.init), strides.map(Int64.init))
        try self.init("describe memory \(dimensions)") {
            dnnl_memory_desc_create_with_strides(&$0, Int32(dims.count), dims, dnnl_f32, steps)
        }
    }

    /// Valid as long as the descriptor.
    package var handle: cdnnl_memory_desc_t { storage.handle }

    /// A layout for the library to choose.
    package static func any(_ dimensions: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dnnl_format_tag_any, type)
    }

    /// The same for source, weights and target, of which the weights may have another type.
    package static func any(
        _ source: [Int], _ kernel: [Int], _ target: [Int], _ type: dnnl_data_type_t, weights: dnnl_data_type_t
    ) throws -> (MemoryDescriptor, MemoryDescriptor, MemoryDescriptor) {
        (try any(source, type), try any(kernel, weights), try any(target, type))
    }

    package static func vector(_ count: Int) throws -> MemoryDescriptor { try MemoryDescriptor([count], dnnl_a) }

    /// Row-major as Keras has it: [n, F], or [n, H, W, C].
    package static func rowMajor(samples: Int, _ shape: Shape, _ type: dnnl_data_type_t = dnnl_f32) throws
        -> MemoryDescriptor
    {
        shape.rank == 3
            ? try MemoryDescriptor([samples, shape[2], shape[0], shape[1]], dnnl_nhwc, type)
            : try MemoryDescriptor([samples, shape.count], dnnl_ab, type)
    }

    package var type: dnnl_data_type_t { withStorage { cdnnl_type($0) } }

    /// The same order of elements, of another type.
    package func of(_ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        if type == self.type { return self }
        return try withStorage { handle in
            try MemoryDescriptor("describe memory \(dimensions) of another type") {
                cdnnl_create_with_type(&$0, handle, type)
            }
        }
    }

    /// The same order of another number of samples, if it is a usual one: rows, or images whose channels come in blocks, last or
    /// first.
    package func of(samples: Int) -> MemoryDescriptor? {
        let tags =
            dimensions.count == 4
            ? [dnnl_nChw16c, dnnl_nChw8c, dnnl_nhwc, dnnl_nchw] : dimensions.count == 2 ? [dnnl_ab] : []
        return tags.lazy.filter { (try? MemoryDescriptor(dimensions, $0, type)) == self }
            .compactMap { try? MemoryDescriptor([samples] + dimensions.dropFirst(), $0, type) }.first
    }

    /// A part of the tensor, in the tensor's memory.
    package func part(_ dimensions: [Int], at offsets: [Int]) throws -> MemoryDescriptor {
        try withStorage { handle in
            try MemoryDescriptor("describe the part \(dimensions) of memory \(self.dimensions)") {
                dnnl_memory_desc_create_submemory(&$0, handle, dimensions.map(Int64.init), offsets.map(Int64.init))
            }
        }
    }

    private func withStorage<Result>(_ body: (cdnnl_memory_desc_t) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(storage) { try body(storage.handle) }
    }

    package var byteCount: Int { withStorage { dnnl_memory_desc_get_size($0) } }

    /// Padding of blocks included.
    package var elementCount: Int {
        byteCount / (type == dnnl_bf16 ? MemoryLayout<UInt16>.stride : MemoryLayout<Float>.stride)
    }

    package static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
        left.withStorage { left in right.withStorage { dnnl_memory_desc_equal(left, $0) != 0 } }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(dimensions)
        hasher.combine(type.rawValue)
    }

    package var dimensions: [Int] { numbers { cdnnl_dimensions($0, $1) } }

    /// The axis that is cut into blocks, and the elements of one; nil where no axis is, or several are.
    package var block: (axis: Int, size: Int)? {
        let (sizes, axes) = blocks
        return sizes.count == 1 ? (axes[0], sizes[0]) : nil
    }

    /// Dimensions, strides and inner blocks as text: equal texts mean equal layouts.
    package var digest: String {
        let (sizes, axes) = blocks
        return "\(dimensions) strides \(strides) blocks \(sizes) of \(axes)"
    }

    private var strides: [Int] { numbers { cdnnl_strides($0, $1) } }

    private var blocks: (sizes: [Int], axes: [Int]) {
        var axes: [Int] = []
        let sizes = numbers { handle, sizes in
            var count: Int32 = 0
            axes = Self.list {
                count = cdnnl_blocks(handle, sizes, $0)
                return count
            }
            return count
        }
        return (sizes, axes)
    }

    /// What a query writes, of which it returns the number.
    private func numbers(_ query: (cdnnl_memory_desc_t, UnsafeMutablePointer<dnnl_dim_t>) -> Int32) -> [Int] {
        withStorage { handle in Self.list { query(handle, $0) } }
    }

    private static func list(_ query: (UnsafeMutablePointer<dnnl_dim_t>) -> Int32) -> [Int] {
        withUnsafeTemporaryAllocation(of: dnnl_dim_t.self, capacity: Int(DNNL_MAX_NDIMS)) { values in
            values.initialize(repeating: 0)
            guard let start = values.baseAddress else { return [] }
            return values.prefix(Int(query(start))).map { Int($0) }
        }
    }
}
