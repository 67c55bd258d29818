import Basics
import HDF5Storage
import KerasNetworks
import Models

/// Finds the weights in a file's groups. What is read is bounded by the file's size, whatever its shapes and names say.
struct KerasWeightsReader {
    typealias Layer = KerasWeightsFile.Layer
    typealias Weight = KerasWeightsFile.Weight

    /// Where tf_keras of 2.12 has what newer ones have in `layers`.
    static let layersOfKeras2 = "_layer_checkpoint_dependencies"

    /// Bytes that may still be read. Half precision and compression make a file smaller than its weights.
    private var room: Int
    /// Of models inside models.
    private static let mostLevels = 32

    init(fileSize: Int) { room = fileSize * 64 }

    // MARK: The older form

    /// A group a layer, or a model inside the model, by the names in its attribute.
    mutating func legacyGroups(_ group: Group) throws -> [(layer: Layer, paths: [String])] {
        var groups: [(Layer, [String])] = []
        let names = try group.attributes.strings("layer_names")
        let rename = ResNetLayerNames.translation(of: names)
        let plain = KerasLayerNames(names)
        for name in names {
            let stored = try group.own(name)
            var weights: [Weight] = []
            let paths = try stored.attributes.strings("weight_names")
            for path in paths {
                let last = path.split(separator: "/").last ?? ""
                weights.append(try weight(stored, path, name: String(last.prefix { $0 != ":" })))
            }
            groups.append((Layer(name: rename(plain[name]), group: name, weights: weights), paths))
        }
        return groups
    }

    static func layers(of groups: [(layer: Layer, paths: [String])]) -> [Layer] {
        groups.flatMap { split($0.layer, $0.paths) }
    }

    /// A model inside a model is one group, whose weights have their layer in the path: `c1/kernel` or `body/c1/kernel`, which
    /// both are of the layer `body/c1`.
    private static func split(_ layer: Layer, _ paths: [String]) -> [Layer] {
        var owners = paths.map { $0.split(separator: "/").dropLast() }
        // An attention's weights are `attention/query/kernel` and so on.
        let sublayers = MultiHeadAttention.sublayers.map(\.name)
        let attentions = Set(owners.filter { $0.last.map(String.init) == sublayers.last }.map { $0.dropLast() })
        for (place, owner) in owners.enumerated() where attentions.contains(owner.dropLast()) {
            if let last = owner.last, sublayers.contains(String(last)) { owners[place] = owner.dropLast() }
        }
        guard Set(owners).count > 1 else { return layer.weights.isEmpty ? [] : [layer] }
        var seen = Set<[Substring]>()
        return owners.filter { seen.insert(Array($0)).inserted }.map { owner in
            let weights = zip(owners, layer.weights).filter { $0.0 == owner }.map(\.1)
            let path = owner.count > 1 && owner.first.map(String.init) == layer.name ? owner.dropFirst() : owner
            let name = ([layer.name] + path.map(String.init)).joined(separator: "/")
            return Layer(name: name, group: layer.group, weights: weights)
        }
    }

    // MARK: Keras 3's form

    /// Layers below `layers`, by class and number. A model inside a model has layers of its own, whose groups are called
    /// `sequential/conv2d` here.
    mutating func keras3Layers(_ root: Group) throws -> [Layer] {
        try keras3Layers(root, within: "", named: "", levels: 0)
    }

    /// The attribute `name` of `vars` is the layer's own name, or the model's; files of early Keras 3 and of tf_keras lack it.
    private mutating func keras3Layers(
        _ model: Group, within outer: String, named outerName: String, levels: Int
    ) throws -> [Layer] {
        let place = try model.exists("layers") ? "layers" : Self.layersOfKeras2
        guard levels < Self.mostLevels, try model.exists(place) else { return [] }
        let group = try model.own(place)
        var layers: [Layer] = []
        for key in try group.children() {
            let child = try group.own(key)
            // A link that leads nowhere does not exist for HDF5.
            try child.refuseLinks(on: "vars")
            let variables = try child.exists("vars") ? child.own("vars") : nil
            let name = try variables.flatMap { try $0.attributes.exists("name") ? $0.attributes.string("name") : nil }
            layers += try keras3Layers(
                child, within: "\(outer)\(key)/", named: "\(outerName)\(name ?? key)/", levels: levels + 1)
            guard let variables else { continue }
            var weights = try numbered(variables)
            if weights.isEmpty { weights = try weightsOfSublayers(child) }
            guard !weights.isEmpty else { continue }
            layers.append(
                Layer(
                    name: outerName + (name ?? key), group: outer + key, weights: weights, isNamed: name != nil))
        }
        return layers
    }

    /// Of a layer that consists of others, in their order; none of other layers.
    private mutating func weightsOfSublayers(_ layer: Group) throws -> [Weight] {
        var weights: [Weight] = []
        for sublayer in MultiHeadAttention.sublayers {
            // tf_keras calls its group `_query_dense`.
            guard let name = try [sublayer.group, "_" + sublayer.group].first(where: { try layer.exists($0) }) else {
                continue
            }
            let group = try layer.own(name)
            try group.refuseLinks(on: "vars")
            if try group.exists("vars") { weights += try numbered(group.own("vars")) }
        }
        return weights
    }

    /// `0`, `1`, ...
    private mutating func numbered(_ variables: Group) throws(HDF5Error) -> [Weight] {
        var weights: [Weight] = []
        while try variables.exists("\(weights.count)") {
            weights.append(try weight(variables, "\(weights.count)", name: nil))
        }
        return weights
    }

    // MARK: The optimizer

    /// The optimizer's variables in Keras's order, the number of updates first; empty where the file has none.
    mutating func optimizerVariables(_ root: Group) throws -> [Weight] {
        try root.refuseLinks(on: "optimizer/vars")
        if try root.exists("optimizer/vars") { return try numbered(root.group("optimizer/vars")) }
        try root.refuseLinks(on: "optimizer_weights")
        guard try root.exists("optimizer_weights") else { return [] }
        let group = try root.group("optimizer_weights")
        guard try group.attributes.hasStrings("weight_names") else { return [] }
        var variables: [Weight] = []
        for path in try group.attributes.strings("weight_names") {
            let last = path.split(separator: "/").last ?? ""
            variables.append(try weight(group, path, name: String(last.prefix { $0 != ":" })))
        }
        return variables
    }

    private mutating func weight(_ group: Group, _ path: String, name: String?) throws(HDF5Error) -> Weight {
        try group.refuseLinks(on: path)
        let dataset = try group.dataset(path)
        try dataset.requireStored()
        guard dataset.shape.count <= room / MemoryLayout<Float>.stride else {
            throw HDF5Error(
                "read the weights", file: group.location.file, object: dataset.path,
                detail: "all weights together are more than the file can hold")
        }
        room -= dataset.shape.count * MemoryLayout<Float>.stride
        return Weight(name: name, shape: dataset.shape, values: try dataset.read())
    }
}

extension Group {
    /// A group that is in this file, and not a link to elsewhere.
    fileprivate func own(_ path: String) throws(HDF5Error) -> Group {
        try refuseLinks(on: path)
        return try group(path)
    }

    /// Keras does not follow links either: a stranger's file could lead to any other.
    fileprivate func refuseLinks(on path: String) throws(HDF5Error) {
        var place = ""
        for component in path.split(separator: "/") {
            place += place.isEmpty ? String(component) : "/" + component
            guard let target = linkTarget(place) else { continue }
            throw HDF5Error(
                "read the weights", file: location.file, object: place,
                detail: "it is a link to \(target), which is not followed", remedy: "copy what it names into the file")
        }
    }
}
