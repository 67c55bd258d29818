import Execution
import OneDNN

/// A value of the network in a layout.
struct Tensor {
    let buffer: BufferID
    let layout: MemoryDescriptor
    /// Of a value: ReLU made it. Of a value's gradient: it is zero wherever ReLU cut the value off, as ReLU's own backward
    /// would make it.
    var isRectified = false
}
