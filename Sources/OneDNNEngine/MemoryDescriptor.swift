import CDNNL
import Execution
import Basics

/// How a tensor lies in memory: oneDNN's memory descriptor as a value. Dimensions are oneDNN's: [n, C, H, W] for images,
/// whatever their order in memory.
struct MemoryDescriptor: Hashable, Sendable {
    private let storage: Storage

    /// The library's struct, which never changes. It lies apart: it has a hundred fields, and Swift would copy them one by one
    /// wherever a layout is passed on, which takes long to compile.
    private final class Storage: @unchecked Sendable {
        let raw = UnsafeMutablePointer<dnnl_memory_desc_t>.allocate(capacity: 1)

        init(_ describe: (UnsafeMutablePointer<dnnl_memory_desc_t>) throws -> Void) rethrows { try describe(raw) }

        deinit { raw.deallocate() }
    }

    init(_ raw: UnsafePointer<dnnl_memory_desc_t>) { storage = Storage { $0.update(from: raw, count: 1) } }

    init(_ dimensions: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32) throws {
        let dims = dimensions.map(Int64.init)
        storage = try Storage {
            try check(
                dnnl_memory_desc_init_by_tag($0, Int32(dims.count), dims, type, tag), "describe memory \(dimensions)")
        }
    }

    /// Elements of single precision, `strides` apart along each axis.
    init(_ dimensions: [Int], strides: [Int]) throws {
        let (dims, steps) = (dimensions.map(Int64.init), strides.map(Int64.init))
        storage = try Storage {
            try check(
                dnnl_memory_desc_init_by_strides($0, Int32(dims.count), dims, dnnl_f32, steps),
                "describe memory \(dimensions)")
        }
    }

    var raw: dnnl_memory_desc_t { storage.raw.pointee }

    /// A layout for the library to choose.
    static func any(_ dimensions: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dnnl_format_tag_any, type)
    }

    /// The same for source, weights and target, of which the weights may have another type.
    static func any(
        _ source: [Int], _ kernel: [Int], _ target: [Int], _ type: dnnl_data_type_t, weights: dnnl_data_type_t
    ) throws -> (dnnl_memory_desc_t, dnnl_memory_desc_t, dnnl_memory_desc_t) {
        (try any(source, type).raw, try any(kernel, weights).raw, try any(target, type).raw)
    }

    static func vector(_ count: Int) throws -> MemoryDescriptor { try MemoryDescriptor([count], dnnl_a) }

    /// Row-major as Keras has it: [n, F], or [n, H, W, C].
    static func rowMajor(samples: Int, _ shape: Shape, _ type: dnnl_data_type_t = dnnl_f32) throws -> MemoryDescriptor {
        shape.rank == 3
            ? try MemoryDescriptor([samples, shape[2], shape[0], shape[1]], dnnl_nhwc, type)
            : try MemoryDescriptor([samples, shape.count], dnnl_ab, type)
    }

    var type: dnnl_data_type_t { storage.raw.pointee.data_type }

    /// The same order of elements, of another type.
    func of(_ type: dnnl_data_type_t) -> MemoryDescriptor {
        let result = MemoryDescriptor(storage.raw)
        result.storage.raw.pointee.data_type = type
        return result
    }

    /// A part of the tensor, in the tensor's memory.
    func part(_ dimensions: [Int], at offsets: [Int]) throws -> MemoryDescriptor {
        let part = MemoryDescriptor(storage.raw)
        try check(
            dnnl_memory_desc_init_submemory(
                part.storage.raw, storage.raw, dimensions.map(Int64.init), offsets.map(Int64.init)),
            "describe the part \(dimensions) of memory \(self.dimensions)")
        return part
    }

    var byteCount: Int { dnnl_memory_desc_get_size(storage.raw) }

    /// Padding of blocks included.
    var elementCount: Int { byteCount / (type == dnnl_bf16 ? MemoryLayout<UInt16>.stride : MemoryLayout<Float>.stride) }

    static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
        dnnl_memory_desc_equal(left.storage.raw, right.storage.raw) != 0
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(dimensions)
        hasher.combine(type.rawValue)
    }

    var dimensions: [Int] {
        withUnsafeBytes(of: storage.raw.pointee.dims) {
            $0.bindMemory(to: Int64.self).prefix(Int(storage.raw.pointee.ndims)).map(Int.init)
        }
    }

    /// The axis that is cut into blocks, and the elements of one; nil where no axis is, or several are.
    var block: (axis: Int, size: Int)? {
        let blocking = storage.raw.pointee.format_desc.blocking
        return blocking.inner_nblks == 1 ? (Int(blocking.inner_idxs.0), Int(blocking.inner_blks.0)) : nil
    }

    /// Dimensions, strides and inner blocks as text: equal texts mean equal layouts.
    var digest: String {
        let blocking = storage.raw.pointee.format_desc.blocking
        let rank = Int(storage.raw.pointee.ndims)
        let strides = withUnsafeBytes(of: blocking.strides) { Array($0.bindMemory(to: Int64.self).prefix(rank)) }
        let blocks = Int(blocking.inner_nblks)
        let sizes = withUnsafeBytes(of: blocking.inner_blks) { Array($0.bindMemory(to: Int64.self).prefix(blocks)) }
        let axes = withUnsafeBytes(of: blocking.inner_idxs) { Array($0.bindMemory(to: Int64.self).prefix(blocks)) }
        return "\(dimensions) strides \(strides) blocks \(sizes) of \(axes)"
    }
}

/// A value of the network in a layout.
struct Tensor {
    let buffer: BufferID
    let layout: MemoryDescriptor
    /// Of a value: ReLU made it. Of a value's gradient: it is zero wherever ReLU cut the value off, as ReLU's own backward
    /// would make it.
    var isRectified = false
}
