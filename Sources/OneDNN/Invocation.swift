import CDNNL
import Execution

/// A primitive bound to memory: what a step runs. Execution hands the library a ready array of arguments.
package final class Invocation {
    private let primitive: Primitive
    private let stream: dnnl_stream_t
    private let layer: String
    private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>

    package init(
        _ primitive: Primitive, _ library: Library, layer: String,
        _ operands: [(index: Int32, layout: MemoryDescriptor, address: UnsafeMutableRawPointer)]
    ) throws {
        var arguments = operands
        if let factor = primitive.factor {
            arguments.append((factor.index, factor.layout, UnsafeMutableRawPointer(factor.value.baseAddress)))
        }
        self.primitive = primitive
        self.layer = layer
        stream = library.stream
        self.arguments = .allocate(capacity: arguments.count)
        self.arguments.initialize(repeating: dnnl_exec_arg_t(arg: 0, memory: nil))
        for (index, argument) in arguments.enumerated() {
            var memory: dnnl_memory_t?
            try check(
                dnnl_memory_create(&memory, argument.layout.handle, library.engine, argument.address), "bind memory",
                layer: layer)
            self.arguments[index] = dnnl_exec_arg_t(arg: argument.index, memory: memory)
        }
    }

    deinit {
        for argument in arguments { dnnl_memory_destroy(argument.memory) }
        arguments.deallocate()
    }

    package func run() throws {
        let status = dnnl_primitive_execute(
            primitive.handle, stream, Int32(truncatingIfNeeded: arguments.count), arguments.baseAddress)
        if status != dnnl_success { try check(status, "execute", layer: layer) }
    }
}
