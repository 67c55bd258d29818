import Basics
import CDNNL
import Execution
import Models

/// A compiled oneDNN primitive with its description.
package final class Primitive {
    let descriptor: dnnl_primitive_desc_t
    let handle: dnnl_primitive_t
    /// Nil where there is none, or where the attributes have it.
    let factor: Factor?

    /// What `choose` calls the library for, such as "a pooling". Backward primitives take the forward one as `hint`; binary ones
    /// multiply their second argument by `secondFactor`.
    package convenience init(
        _ purpose: String, _ library: Library, secondFactor: Float = 1, activation: ElementwiseFunction? = nil,
        hint: Primitive? = nil, layer: String, _ choose: (PrimitiveRequest) -> dnnl_status_t
    ) throws {
        let attributes = try Attributes(secondFactor: secondFactor, activation: activation)
        let request = PrimitiveRequest(library, attributes, hint)
        try withExtendedLifetime(request) { try check(choose(request), "choose \(purpose)", layer: layer) }
        let factor = secondFactor == 1 ? nil : try Factor(secondFactor, of: DNNL_ARG_SRC_1)
        try self.init(request.made, factor: factor, layer: layer)
    }

    /// A reorder between two layouts.
    package convenience init(
        reorderFrom source: MemoryDescriptor, to target: MemoryDescriptor, _ library: Library, layer: String
    ) throws {
        let attributes = try Attributes()
        var descriptor: dnnl_primitive_desc_t?
        try check(
            dnnl_reorder_primitive_desc_create(
                &descriptor, source.handle, library.engine, target.handle, library.engine, attributes.handle),
            "choose a reorder", layer: layer)
        try self.init(descriptor, layer: layer)
    }

    /// Sources side by side along the channel axis; in a layout of the library's choice where `target` is nil.
    package convenience init(
        concatenationOf sources: [MemoryDescriptor], into target: MemoryDescriptor?, _ library: Library, layer: String
    ) throws {
        let attributes = try Attributes()
        let handles = sources.map { $0.handle as cdnnl_memory_desc_t? }
        var descriptor: dnnl_primitive_desc_t?
        try check(
            cdnnl_concat_primitive_desc_create(
                &descriptor, library.engine, target?.handle, Int32(truncatingIfNeeded: handles.count), 1, handles,
                attributes.handle),
            "choose a concatenation", layer: layer)
        try self.init(descriptor, layer: layer)
    }

    private init(_ descriptor: dnnl_primitive_desc_t?, factor: Factor? = nil, layer: String) throws {
        guard let descriptor else { throw failure("choose a primitive", "the library returned none", layer: layer) }
        var handle: dnnl_primitive_t?
        let status = dnnl_primitive_create(&handle, descriptor)
        guard status == dnnl_success, let handle else {
            dnnl_primitive_desc_destroy(descriptor)
            try check(status, "compile a primitive", layer: layer)
            throw failure("compile a primitive", "the library returned none", layer: layer)
        }
        self.descriptor = descriptor
        self.handle = handle
        self.factor = factor
    }

    deinit {
        dnnl_primitive_destroy(handle)
        dnnl_primitive_desc_destroy(descriptor)
    }

    /// The layout of an argument, e.g. `dnnl_query_src_md`; nil where the primitive has no such argument.
    package func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> MemoryDescriptor? {
        guard let handle = dnnl_primitive_desc_query_md(descriptor, query, index),
            dnnl_memory_desc_get_size(handle) > 0
        else { return nil }
        return try? MemoryDescriptor { dnnl_memory_desc_clone(&$0, handle) }
    }

    package func required(_ query: dnnl_query_t, _ index: Int32 = 0, layer: String) throws -> MemoryDescriptor {
        guard let layout = layout(query, index) else {
            throw failure("ask for a layout", "the primitive has none for query \(query.rawValue)", layer: layer)
        }
        return layout
    }

    /// The library's name for the implementation, such as `jit:avx512_core`.
    package var implementation: String {
        var name: UnsafePointer<CChar>?
        guard dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name) == dnnl_success, let name else {
            return "unknown"
        }
        return String(cString: name)
    }

    /// Plain loops, which are tens of times slower than generated code: `ref:any`, `bnorm_ref:any`, `simple:any`.
    package var isReference: Bool { implementation.contains("ref") || implementation.hasPrefix("simple") }
}

/// What multiplies an argument, where the library reads it at every execution, as version 3 does.
struct Factor {
    let index: Int32
    let layout: MemoryDescriptor
    let value: AlignedBuffer<Float>

    init?(_ factor: Float, of argument: Int32) throws {
        index = cdnnl_argument_of_factor(argument)
        if index == 0 { return nil }
        layout = try .vector(1)
        value = AlignedBuffer(count: 1)
        value[0] = factor
    }
}

/// What the library wants to know to choose a primitive, beyond what the operation itself is.
package final class PrimitiveRequest {
    package let engine: dnnl_engine_t
    package let attributes: dnnl_primitive_attr_t
    package let hint: dnnl_primitive_desc_t?
    /// What the library has chosen.
    package var made: dnnl_primitive_desc_t?
    /// What is pointed at lives as long as the request.
    private let owner: Attributes
    private var layouts: [MemoryDescriptor] = []

    fileprivate init(_ library: Library, _ attributes: Attributes, _ hint: Primitive?) {
        (engine, owner, self.attributes) = (library.engine, attributes, attributes.handle)
        self.hint = hint?.descriptor
    }

    package func layout(_ layout: MemoryDescriptor) -> cdnnl_memory_desc_t {
        layouts.append(layout)
        return layout.handle
    }

    package func layout(_ layout: MemoryDescriptor?) -> cdnnl_memory_desc_t? { layout.map { self.layout($0) } }
}

/// An elementwise function and the variant of its algorithm that works from the result in backward.
package struct ElementwiseFunction {
    /// For forward passes fused behind another primitive.
    package let plain: dnnl_alg_kind_t
    /// For primitives of their own, whose backward reads the result.
    package let fromResult: dnnl_alg_kind_t

    package init?(_ activation: Activation) {
        switch activation {
        case .relu: (plain, fromResult) = (dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd)
        case .tanh: (plain, fromResult) = (dnnl_eltwise_tanh, dnnl_eltwise_tanh_use_dst_for_bwd)
        case .sigmoid: (plain, fromResult) = (dnnl_eltwise_logistic, dnnl_eltwise_logistic_use_dst_for_bwd)
        default: return nil
        }
    }
}

/// Primitive attributes: the caller owns scratch memory, and an activation may follow in the same pass.
private final class Attributes {
    let handle: dnnl_primitive_attr_t

    init(secondFactor: Float = 1, activation: ElementwiseFunction? = nil) throws {
        var handle: dnnl_primitive_attr_t?
        try check(dnnl_primitive_attr_create(&handle), "create attributes")
        guard let handle else { throw failure("create attributes", "the library returned none") }
        self.handle = handle
        try check(dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user), "set the scratchpad mode")
        if secondFactor != 1 {
            try check(cdnnl_set_factor(handle, DNNL_ARG_SRC_1, secondFactor), "set a factor")
        }
        if let activation {
            var operations: dnnl_post_ops_t?
            try check(dnnl_post_ops_create(&operations), "create post-operations")
            defer { dnnl_post_ops_destroy(operations) }
            try check(cdnnl_append_eltwise(operations, activation.plain), "append an activation")
            try check(dnnl_primitive_attr_set_post_ops(handle, operations), "set post-operations")
        }
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}
