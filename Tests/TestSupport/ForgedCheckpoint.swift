import Basics
import Checkpoints
import HDF5Storage

/// A checkpoint of which something was changed, under a digest that fits: what a hand, or a faulty program, could write.
package enum ForgedCheckpoint {
    /// The bytes of a checkpoint after `change` was made below its root.
    package static func bytes(of checkpoint: [UInt8], _ change: (Group) throws -> Void) throws -> [UInt8] {
        let file = try HDF5File.openForChanges(image: FileSeal.open(checkpoint, file: "checkpoint"))
        try change(file.root)
        return try FileImage(file).sealed().bytes
    }
}

extension Group {
    /// Puts a data set in the place of what is there.
    package func put<Element: StorageElement>(_ name: String, shape: Shape, _ values: [Element]) throws {
        if try exists(name) { try remove(name) }
        try write(name, shape: shape, values)
    }

    package func put<Element: StorageElement>(_ name: String, _ value: Element) throws {
        try put(name, shape: [], [value])
    }

    /// Changes the first value of an array of floats.
    package func spoil(_ name: String, _ value: Float) throws {
        let dataset = try dataset(name)
        var values = try dataset.read(as: Float.self)
        values[0] = value
        try dataset.write(values)
    }

    /// A data set that states a shape and holds nothing.
    package func putHollow(_ name: String, shape: Shape) throws {
        if try exists(name) { try remove(name) }
        // It is created, and then found to be impossible.
        _ = try? createDataset(
            name, shape: shape, of: Int64.self, layout: .chunked(Shape(shape.extents.map { _ in 1 })))
        guard try kind(of: name) == .dataset else { throw NothingForged(name: name) }
    }
}

package struct NothingForged: Error {
    let name: String

    package init(name: String) { self.name = name }
}
