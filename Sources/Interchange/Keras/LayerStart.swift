import Basics
import Models

/// The weights that a network starts from, and where each of its layers has them from.
public struct LayerStart: Sendable {
    public struct Row: Sendable, Equatable {
        public let layer: String
        /// The file's layer; nil for a layer that starts anew.
        public let source: String?
        /// Why the layer starts anew; else empty.
        public let reason: String
    }

    /// In the order of the network's parameters.
    public let weights: [[Float]]
    /// Layers with weights, in Keras's order.
    public let rows: [Row]
    public let match: LayerMatch
    public let file: String
    /// Layers of the file that no layer took.
    public let unused: [String]

    /// What was taken, in one line, and then a table.
    public var lines: [String] {
        let taken = rows.count { $0.source != nil }
        var table = TextTable(header: ["layer", "from", ""])
        table.rows = rows.map {
            [$0.layer, $0.source ?? "-", $0.source == nil ? "new: \($0.reason)" : "by \(match.rawValue)"]
        }
        let rest = unused.isEmpty ? [] : ["not used of the file: \(unused.listed(atMost: 8))"]
        return ["\(taken) of \(Figures.count(rows.count, "layer")) from \(file), by \(match.rawValue)"]
            + table.text.split(separator: "\n").map(String.init) + rest
    }
}

extension KerasWeightsFile {
    /// `weights` with those replaced that the file has for layers of `network`. Without a `match` layers are found by name, and
    /// names are refused whose order contradicts that of the file: they were given to other layers. From a file that lacks
    /// layers of the network, a shallower one of its family, only the layers `ofShallower` are taken where that is not nil.
    public func start(
        _ weights: [[Float]], of network: Network, by match: LayerMatch? = nil, ofShallower: Set<String>? = nil
    ) throws(FileError) -> LayerStart {
        try requireSameWindows(network)
        let wanted = network.layersWithParameters
        let places: [Int?]
        switch match ?? .name {
        case .name:
            places = placesByName(wanted, network, ofShallower)
            if match == nil { try requireOrder(of: places, wanted, network) }
        case .order: places = placesInOrder(wanted, network, alignedByShape: false)
        case .shape: places = placesInOrder(wanted, network, alignedByShape: true)
        }
        let names = wanted.map { network.nodes[$0.node].name }
        let rows = zip(wanted, places).map { wanted, place in
            LayerStart.Row(
                layer: network.nodes[wanted.node].name, source: place.map { layers[$0].name },
                reason: place == nil ? reason(wanted, among: names, network) : "")
        }
        guard places.contains(where: { $0 != nil }) else {
            throw FileError(
                .content, file: path, "no layer of it has the name and the shapes of one of model \(network.name)",
                remedy: "it has \(layers.map(\.name).listed(atMost: 8)); --match order or shape takes them by place")
        }
        let taken = zip(wanted, places).compactMap { wanted, place in place.map { (wanted, layers[$0]) } }
        let found = try assign(taken.map(\.1), to: taken.map(\.0), of: network)
        let used = Set(places.compactMap(\.self))
        return LayerStart(
            weights: zip(weights, found).map { $1.isEmpty ? $0 : $1 }, rows: rows, match: match ?? .name, file: path,
            unused: layers.indices.filter { !used.contains($0) }.map { layers[$0].name })
    }

    // MARK: By name

    private func placesByName(
        _ wanted: [LayerParameters], _ network: Network, _ ofShallower: Set<String>?
    ) -> [Int?] {
        let found = places(of: wanted.map { network.nodes[$0.node].name })
        let isShallower = found.contains(nil)
        return zip(wanted, found).map { wanted, place in
            let name = network.nodes[wanted.node].name
            guard let place, layers[place].shapes == network.shapes(of: wanted) else { return nil }
            return !isShallower || ofShallower?.contains(name) ?? true ? place : nil
        }
    }

    /// Refuses names that the file gives to other layers, by two signs: a layer reads, at some distance, one that stands behind
    /// it in the file; or automatic names are numbered from another number than the network's.
    private func requireOrder(of places: [Int?], _ wanted: [LayerParameters], _ network: Network) throws(FileError) {
        var placeOfNode = [Int?](repeating: nil, count: network.nodes.count)
        for (wanted, place) in zip(wanted, places) { placeOfNode[wanted.node] = place }
        /// The last layer of each of the file's sequences among those that a node reads, and the node itself.
        var last = [[String: (number: Int, node: Int)]](repeating: [:], count: network.nodes.count)
        for (index, node) in network.nodes.enumerated() {
            var seen: [String: (number: Int, node: Int)] = [:]
            for input in node.inputs { seen.merge(last[input]) { $0.number > $1.number ? $0 : $1 } }
            if let place = placeOfNode[index] {
                let (sequence, number) = position(of: place)
                if let earlier = seen[sequence], earlier.number > number {
                    throw contradiction(
                        "layer \(node.name) comes after \(network.nodes[earlier.node].name) in the model, but before it in the file"
                    )
                }
                seen[sequence] = (number, index)
            }
            last[index] = seen
        }
        try requireNumbering(zip(wanted, places).filter { $0.1 != nil }.map(\.0), wanted, network)
    }

    private func requireNumbering(
        _ taken: [LayerParameters], _ wanted: [LayerParameters], _ network: Network
    ) throws(FileError) {
        let names = wanted.map { network.nodes[$0.node].name }
        for node in taken.map({ network.nodes[$0.node] }) {
            let base = node.layer.description.typeName.snakeCased
            let first = { (names: [String]) in names.compactMap { automaticNumber($0, base) }.min() }
            guard automaticNumber(node.name, base) != nil, let own = first(names),
                let inFile = first(layers.map(\.name)), own != inFile
            else { continue }
            throw contradiction(
                "its automatic names begin with \(automaticName(base, inFile)), those of the model with "
                    + automaticName(base, own))
        }
    }

    private func contradiction(_ what: String) -> FileError {
        FileError(
            .content, file: path, "its names belong to other layers: \(what)",
            remedy: "give --match order or shape, or --match name if the names are right")
    }

    private func reason(_ wanted: LayerParameters, among names: [String], _ network: Network) -> String {
        guard let index = names.firstIndex(of: network.nodes[wanted.node].name), let place = places(of: names)[index]
        else { return "the file has no such layer" }
        let (found, needed) = (layers[place].shapes, network.shapes(of: wanted))
        if found == needed { return "not taken from a shallower model, or out of order" }
        return "the file's is \(found.map(\.description).joined(separator: ", ")), "
            + "not \(needed.map(\.description).joined(separator: ", "))"
    }

    // MARK: By order and by shape

    /// Layers in their order: in the form of Keras 3, which has no order of all layers, class by class.
    private func placesInOrder(_ wanted: [LayerParameters], _ network: Network, alignedByShape: Bool) -> [Int?] {
        let own = Dictionary(grouping: wanted.indices) { index in
            form == .keras3Weights ? network.nodes[wanted[index].node].layer.description.typeName.snakeCased : ""
        }
        let files = Dictionary(grouping: layers.indices) {
            position(of: $0).sequence.split(separator: "/").last.map(String.init) ?? ""
        }
        var places = [Int?](repeating: nil, count: wanted.count)
        for (sequence, indices) in own {
            // A network has fewer layers; a file could name any number.
            let candidates = (files[sequence] ?? []).sorted { position(of: $0) < position(of: $1) }.prefix(1 << 12)
            let fits = { (i: Int, j: Int) in layers[candidates[j]].shapes == network.shapes(of: wanted[indices[i]]) }
            let pairs =
                alignedByShape
                ? longestAlignment(indices.count, candidates.count, fits)
                : zip(indices.indices, candidates.indices).prefix { fits($0, $1) }.map { ($0, $1) }
            for (i, j) in pairs { places[indices[i]] = candidates[j] }
        }
        return places
    }

    /// Where a layer stands in a sequence of the file: of all layers, or in the form of Keras 3 of those of its class.
    private func position(of place: Int) -> (sequence: String, number: Int) {
        guard form == .keras3Weights else { return ("", place) }
        let group = layers[place].group
        let parts = group.split(separator: "_")
        guard parts.count > 1, let number = parts.last.flatMap({ Int($0) }) else { return (group, 0) }
        return (parts.dropLast().joined(separator: "_"), number)
    }
}

/// `conv2d_3` is number 3 of `conv2d`, `conv2d` number 0; nil for a name of another kind.
private func automaticNumber(_ name: String, _ base: String) -> Int? {
    if name == base { return 0 }
    guard name.hasPrefix(base + "_") else { return nil }
    return Int(name.dropFirst(base.count + 1))
}

private func automaticName(_ base: String, _ number: Int) -> String { number == 0 ? base : "\(base)_\(number)" }

/// The longest sequence of pairs that fit, ascending in both: of equally long ones that with the earliest places.
private func longestAlignment(_ first: Int, _ second: Int, _ fits: (Int, Int) -> Bool) -> [(Int, Int)] {
    /// How many pairs are left from (i, j) on.
    var lengths = [[Int]](repeating: [Int](repeating: 0, count: second + 1), count: first + 1)
    for i in (0..<first).reversed() {
        for j in (0..<second).reversed() {
            lengths[i][j] =
                fits(i, j) ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
        }
    }
    var pairs: [(Int, Int)] = []
    var (i, j) = (0, 0)
    while i < first, j < second {
        if fits(i, j) {
            pairs.append((i, j))
            (i, j) = (i + 1, j + 1)
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1
        } else {
            j += 1
        }
    }
    return pairs
}

extension KerasWeightsFile.Layer {
    fileprivate var shapes: [Shape] { weights.map(\.shape) }
}

extension Network {
    fileprivate func shapes(of layer: LayerParameters) -> [Shape] {
        layer.parameters.map { parameters[$0].specification.shape }
    }
}
