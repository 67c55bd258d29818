/// The weight files of ResNet-50 of 2017 and of today have one name but other names of layers, and another order; so what
/// is loaded by order fails. The older names are those of the authors' Caffe files:
///
///     conv1, bn_conv1      conv1_conv, conv1_bn
///     res3b_branch2a       conv3_block2_1_conv      2a, 2b, 2c and 1 (the shortcut) are 1, 2, 3 and 0
///     bn4b22_branch2c      conv4_block23_3_bn       deeper networks number blocks: a, b1, b2, ...
///     fc1000               predictions
enum ResNetLayerNames {
    /// What gives a file's layers their names of today.
    static func translation(of names: [String]) -> (String) -> String {
        guard names.contains("res2a_branch2a") else { return { $0 } }
        return { current($0) ?? $0 }
    }

    private static func current(_ name: String) -> String? {
        switch name {
        case "conv1": return "conv1_conv"
        case "bn_conv1": return "conv1_bn"
        case "fc1000": return "predictions"
        default: break
        }
        let kinds = ["res": "conv", "bn": "bn"]
        guard let (prefix, kind) = kinds.first(where: { name.hasPrefix($0.key) }) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: "_")
        let branches = ["branch1": 0, "branch2a": 1, "branch2b": 2, "branch2c": 3]
        guard parts.count == 2, let stage = parts[0].first, let letter = parts[0].dropFirst().first?.asciiValue,
            let branch = branches[String(parts[1])]
        else { return nil }
        let block = Int(parts[0].dropFirst(2)).map { $0 + 1 } ?? Int(letter) - 96
        return "conv\(stage)_block\(block)_\(branch)_\(kind)"
    }
}
