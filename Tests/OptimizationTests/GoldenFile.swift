import Foundation

/// A file of the Golden folder beside the tests.
enum GoldenFile {
    static func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        return try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }
}
