import Basics
import CDNNL
import Execution
import OneDNN

/// A parameter in a layout of oneDNN's choice, channels padded where the library blocks them; padding stays zero.
struct BlockedFormat: ParameterFormat {
    /// Keras's layout, as oneDNN describes it.
    let keras: MemoryDescriptor
    let blocked: MemoryDescriptor
    let library: Library

    var elementCount: Int { blocked.byteCount / MemoryLayout<Float>.stride }
    var digest: String { blocked.digest }

    func pack(_ logical: UnsafePointer<Float>, into arena: UnsafeMutablePointer<Float>) throws {
        try convert(logical, keras, into: arena, blocked)
    }

    func unpack(_ arena: UnsafePointer<Float>, into logical: UnsafeMutablePointer<Float>) throws {
        try convert(arena, blocked, into: logical, keras)
    }

    private func convert(
        _ source: UnsafeRawPointer, _ from: MemoryDescriptor, into target: UnsafeMutableRawPointer,
        _ to: MemoryDescriptor
    ) throws {
        let primitive = try Primitive(reorderFrom: from, to: to, library, layer: "parameters")
        let scratchLayout = primitive.layout(dnnl_query_scratchpad_md)
        let scratch = AlignedBuffer<UInt8>(count: scratchLayout?.byteCount ?? 0)
        var arguments = [
            (Int32(DNNL_ARG_FROM), from, UnsafeMutableRawPointer(mutating: source)), (Int32(DNNL_ARG_TO), to, target),
        ]
        if let scratchLayout {
            arguments.append((Int32(DNNL_ARG_SCRATCHPAD), scratchLayout, UnsafeMutableRawPointer(scratch.baseAddress)))
        }
        try withExtendedLifetime(scratch) {
            try Invocation(primitive, library, layer: "parameters", arguments).run()
        }
    }
}
