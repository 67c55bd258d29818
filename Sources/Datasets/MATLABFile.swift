import HDF5Storage

/// MATLAB writes HDF5 since its version 7.3. It counts axes from the fastest, HDF5 from the slowest: an array [H, W, C, N]
/// of MATLAB is [N, C, W, H] in the file.
extension Dataset {
    private static var classAttribute: String { "MATLAB_class" }

    var isOfMATLAB: Bool { (try? attributes.exists(Self.classAttribute)) ?? false }

    /// Refuses what holds no array of numbers.
    func refuseMATLABObjects() throws(DatasetError) {
        guard let kind = try? attributes.string(Self.classAttribute),
            ["cell", "struct", "char", "table", "string", "categorical", "function_handle"].contains(kind)
        else { return }
        throw DatasetError(
            file: location.file, object: path, "it is a \(kind) array of MATLAB, not an array of numbers",
            remedy: "convert it in MATLAB, for example with cell2mat or double")
    }
}
