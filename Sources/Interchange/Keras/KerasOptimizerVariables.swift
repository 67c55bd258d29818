import Basics
import FileFormats
import HDF5Storage
import Models
import Optimization

/// The variables of the optimizer with which Keras saved a compiled model: how many updates it has made, and its slots.
///
/// Keras 3 lists iterations, learning rate, slots; tf_keras leaves out the rate, and has two older orders of slots.
package struct KerasOptimizerVariables {
    private let path: String
    /// Made so far.
    package let updates: Int
    private let slots: [KerasWeightsFile.Weight]
    /// How many slots of a parameter lie together; nil for as many as in Keras 3.
    private let together: Int?

    /// Nil where the file has none: a model that was not compiled or never trained. A checkpoint goes on by being resumed, and
    /// has none here either. `path` names the bytes in errors.
    package init?(_ bytes: [UInt8], path: String) throws(FileError) {
        var reader = KerasWeightsReader(fileSize: bytes.count)
        let variables: [KerasWeightsFile.Weight]
        do {
            if FileSeal.isSealed(bytes) { return nil }
            let file =
                try ZipReader.isZip(bytes)
                ? KerasArchive(bytes, path: path).weights : HDF5File.open(image: bytes, label: path)
            variables = try reader.optimizerVariables(file.root)
        } catch let error as FileError {
            throw error
        } catch let error as HDF5Error {
            throw FileError(.content, file: path, error.detail, remedy: error.remedy)
        } catch {
            throw FileError(.content, file: path, "\(error)")
        }
        guard let count = variables.first, count.shape.rank == 0, let updates = Int(exactly: count.values[0]),
            updates > 0
        else { return nil }
        let hasRate = variables.count > 1 && variables[1].shape.rank == 0
        self.path = path
        self.updates = updates
        slots = Array(variables.dropFirst(hasRate ? 2 : 1))
        // The optimizers of before Keras 2.11 have `iter` and all slots of a kind together.
        together = count.name == "iter" ? 1 : nil
    }

    /// The slots of `optimizer` for `network`, in the order of its slots; refused if they were another optimizer's or
    /// another network's.
    package func slots(
        of optimizer: some Optimizer, in network: Network
    ) throws(FileError) -> [OptimizerState.Slot] {
        var result = optimizer.slots.map { OptimizerState.Slot(name: $0.name, values: []) }
        // tf_keras keeps a momentum that is always zero.
        if result.isEmpty { return [] }
        let places = type(of: optimizer).slotPlaces(slots: result.count, in: network, together: together)
        let parameters = network.trainableParameters
        guard slots.count == places.count,
            zip(slots, places).allSatisfy({ $0.shape == parameters[$1.parameter].specification.shape })
        else {
            throw FileError(
                .content, file: path,
                "its optimizer's \(slots.count) variables are not those of \(type(of: optimizer).kerasClass) for the "
                    + "\(parameters.count) trainable weights of \(network.name)",
                remedy: "give --earlier-updates 0 to begin with a new optimizer")
        }
        for slot in result.indices { result[slot].values = [[Float]](repeating: [], count: parameters.count) }
        for (variable, place) in zip(slots, places) {
            guard variable.values.allSatisfy(\.isFinite) else {
                throw FileError(.content, file: path, "the state of its optimizer holds values that are not finite")
            }
            result[place.slot].values[place.parameter] = variable.values
        }
        return result
    }
}

extension KerasModelFile {
    /// Nil for JSON too. The file is read anew, since most uses of a model need no optimizer.
    package func optimizerVariables() throws(FileError) -> KerasOptimizerVariables? {
        weights == nil ? nil : try KerasOptimizerVariables(POSIXFileSystem().content(of: path), path: path)
    }
}
