import CDNNL
import Execution
import OneDNN

/// Kernels that do the work of all shards of a rank at once, where shards go through the network layer by layer. They read
/// weights once, and write the sum of gradients only. Each must have the bits of the kernels for one shard.
extension DNNLCompiler {
    /// Whether what all shards have in these tensors is one tensor of more samples.
    func lieSideBySide(_ tensors: Tensor...) -> Bool {
        tensors.allSatisfy { builder.liesSideBySide($0.buffer, bytes: $0.layout.byteCount) }
    }

    /// How shards are added, if kernels may take the rows of all of them where `primitive` takes those of one: if it computes a row
    /// alike whatever the number of rows. Batched products (brgemm) do on one thread; products of matrices do not
    /// (`LayerByLayerTests`).
    func sumsOfRows(_ primitive: Primitive) -> ShardSums? {
        // Several threads may share a row's sum, in another way for another number of rows.
        library.hasOwnKernels && library.threads == 1 && primitive.computesRowsAlike ? builder.sums : nil
    }

    /// A primitive for the rows of all shards, if there is one.
    func rowsOfAllShards(
        _ primitive: Primitive, _ rows: Tensor..., make: (_ samples: Int) throws -> Primitive
    ) throws -> Primitive? {
        guard let sums = sumsOfRows(primitive) else { return nil }
        for tensor in rows {
            guard try isRowMajor(tensor), lieSideBySide(tensor) else { return nil }
        }
        let all = try make(samples * sums.shards)
        let isTheSame = all.layout(dnnl_query_weights_md) == primitive.layout(dnnl_query_weights_md)
        let isTheSameKernel = all.implementation == primitive.implementation
        return isTheSameKernel && isTheSame && all.leavesRows ? all : nil
    }

    /// A primitive from images to images that takes those of all shards, if there is one: `make` makes it for a number of samples.
    func imagesOfAllShards(
        _ primitive: Primitive, layer: String, make: (_ samples: Int) throws -> Primitive
    ) throws -> Primitive? {
        guard let sums = builder.sums, library.hasOwnKernels, library.threads == 1, primitive.computesImagesAlike else {
            return nil
        }
        let all = try make(samples * sums.shards)
        guard all.implementation == primitive.implementation,
            all.layout(dnnl_query_weights_md) == primitive.layout(dnnl_query_weights_md)
        else { return nil }
        for query in [dnnl_query_src_md, dnnl_query_dst_md, dnnl_query_diff_src_md, dnnl_query_diff_dst_md] {
            guard let own = primitive.layout(query) else { continue }
            let first = try all.required(query, layer: layer)
                .part(own.dimensions, at: own.dimensions.map { _ in 0 })
            guard first == own else { return nil }
        }
        return all
    }

    /// Whether a tensor has the plan's samples as rows.
    func isRowMajor(_ rows: Tensor) throws -> Bool {
        try rows.layout == .rowMajor(samples: samples, [rows.layout.dimensions[1]], rows.layout.type)
    }

    /// A tensor that has a row for each sample, as an argument of a primitive, which says its layout.
    typealias Rows = (argument: Int32, tensor: Tensor, layout: dnnl_query_t)

    /// Emits a primitive from rows or images to others, and in its place `all` where those of all shards go through it together.
    func emit(
        _ primitive: Primitive, layer: String, from: Rows, with others: [(Int32, Tensor)], to: Rows,
        forAllShards all: Primitive?
    ) throws {
        emit(
            primitive, layer: layer, reads: [(from.argument, from.tensor)] + others,
            writes: [(to.argument, to.tensor)],
            forAllShards: try all.map { all in
                let rows = try [from, to].map {
                    ($0.argument, $0.tensor, try all.required($0.layout, layer: layer))
                }
                return binding(all, layer: layer, rows: rows, others: others)
            })
    }

    /// What `emit` puts in the place of a primitive where all shards go through one together.
    typealias ForAllShards = (scratch: BufferID?, bind: (Memory) throws -> Kernel)

    /// Binds a primitive for all shards. `rows` are the tensors that have the shards' samples, by argument, with their layouts.
    func binding(
        _ primitive: Primitive, layer: String, rows: [(Int32, Tensor, MemoryDescriptor)], others: [(Int32, Tensor)]
    ) -> ForAllShards {
        let scratch = primitive.layout(dnnl_query_scratchpad_md).map { self.scratch($0) }
        let arguments =
            rows.map { ($0.0, $0.2, $0.1.buffer) } + others.map { ($0.0, $0.1.layout, $0.1.buffer) }
            + (scratch.map { [(DNNL_ARG_SCRATCHPAD, $0.layout, $0.buffer)] } ?? [])
        let library = library
        return (
            scratch?.buffer,
            { memory in
                let invocation = try Invocation(
                    primitive, library, layer: layer, arguments.map { ($0.0, $0.1, memory[$0.2]) })
                return { _ in try invocation.run() }
            }
        )
    }
}

extension Primitive {
    /// Whether a row has the same bits whatever the number of rows, and weights' gradients those of `DenseSum`. Kernels for AMX add pairs
    /// of bf16 in another order, and were not tried.
    var computesRowsAlike: Bool { implementation.hasPrefix("brgemm") && !implementation.contains("amx") }

    /// Whether a convolution has the same bits for an image whatever the number of images. Where these kernels cut a sum over channels
    /// depends on the shape of an image alone (`LayerByLayerTests`). Products of matrices in batches and the library's Winograd were
    /// not tried.
    fileprivate var computesImagesAlike: Bool {
        implementation.hasPrefix("jit") && !implementation.contains("wino") && !implementation.contains("amx")
    }

    /// Whether a dense layer's result is row-major.
    fileprivate var leavesRows: Bool {
        [dnnl_query_dst_md, dnnl_query_diff_src_md].compactMap { layout($0) }.allSatisfy { $0.block == nil }
    }
}
