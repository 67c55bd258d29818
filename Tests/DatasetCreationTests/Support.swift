import DatasetCreation
import Foundation
import ImportFormats
import TestSupport

func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func importer(_ name: String) -> (any Importer)? { ImporterList.known.first { $0.name == name } }

/// What an import says that must fail.
func failure(_ path: String, into output: String? = nil, _ options: ImportOptions = ImportOptions()) -> String {
    do {
        let folder = try TemporaryDirectory()
        let summary = try DatasetImporter.importDataset(
            from: path, into: output ?? folder.path("out.h5"), options: options)
        return "no error: \(summary)"
    } catch {
        return "\(error)"
    }
}
