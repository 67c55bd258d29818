import CDNNL
import Execution
import Basics

/// How a tensor lies in memory: oneDNN's memory descriptor as a value. Dimensions are oneDNN's: [n, C, H, W] for images,
/// whatever their order in memory.
struct MemoryDescriptor: Hashable, @unchecked Sendable {
    var raw: dnnl_memory_desc_t

    init(_ raw: dnnl_memory_desc_t) { self.raw = raw }

    init(_ dimensions: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32) throws {
        raw = dnnl_memory_desc_t()
        let dims = dimensions.map(Int64.init)
        try check(
            dnnl_memory_desc_init_by_tag(&raw, Int32(dims.count), dims, type, tag), "describe memory \(dimensions)")
    }

    /// A layout for the library to choose.
    static func any(_ dimensions: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dnnl_format_tag_any, type)
    }

    static func vector(_ count: Int) throws -> MemoryDescriptor { try MemoryDescriptor([count], dnnl_a) }

    /// Row-major as Keras has it: [n, F], or [n, H, W, C].
    static func rowMajor(samples: Int, _ shape: Shape, _ type: dnnl_data_type_t = dnnl_f32) throws -> MemoryDescriptor {
        shape.rank == 3
            ? try MemoryDescriptor([samples, shape[2], shape[0], shape[1]], dnnl_nhwc, type)
            : try MemoryDescriptor([samples, shape.count], dnnl_ab, type)
    }

    var type: dnnl_data_type_t { raw.data_type }

    /// The same order of elements, of another type.
    func of(_ type: dnnl_data_type_t) -> MemoryDescriptor {
        var result = self
        result.raw.data_type = type
        return result
    }

    /// A part of the tensor, in the tensor's memory.
    func part(_ dimensions: [Int], at offsets: [Int]) throws -> MemoryDescriptor {
        var (whole, part) = (raw, dnnl_memory_desc_t())
        try check(
            dnnl_memory_desc_init_submemory(&part, &whole, dimensions.map(Int64.init), offsets.map(Int64.init)),
            "describe the part \(dimensions) of memory \(self.dimensions)")
        return MemoryDescriptor(part)
    }

    var byteCount: Int {
        withUnsafePointer(to: raw) { dnnl_memory_desc_get_size($0) }
    }

    static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
        withUnsafePointer(to: left.raw) { left in
            withUnsafePointer(to: right.raw) { right in dnnl_memory_desc_equal(left, right) != 0 }
        }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(dimensions)
        hasher.combine(type.rawValue)
    }

    var dimensions: [Int] {
        withUnsafeBytes(of: raw.dims) { $0.bindMemory(to: Int64.self).prefix(Int(raw.ndims)).map(Int.init) }
    }

    /// Dimensions, strides and inner blocks as text: equal texts mean equal layouts.
    var digest: String {
        let blocking = raw.format_desc.blocking
        let rank = Int(raw.ndims)
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
