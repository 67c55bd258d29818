import Basics
import KerasCalls
import Models

/// What one call of a layer, or of a model, is given: as Keras 3 writes it, `{"args": [...], "kwargs": {...}}`, or Keras 2, a list of
/// tensors, `["conv2d", 0, 0, {...}]`, with the other arguments behind the first.
struct KerasCall {
    /// The histories of its tensors, `["conv2d", 0, 0]`.
    private(set) var tensors: [JSONValue]
    /// Keras's `training`; nil where the call says what all calls of its class do.
    let training: Bool?
    /// Whether the last of its tensors is an attention's mask.
    private(set) var hasMaskTensor = false
    /// What else it says, by name. A layer reads them as options, and refuses one that it does not know.
    private(set) var arguments: [String: JSONValue] = [:]

    /// `takesNames` is whether a model was made with an object of inputs.
    init(_ call: JSONValue, of kerasClass: String, takesNames: Bool = false) throws(LayerError) {
        let names = Self.positions(kerasClass)
        var named: [String: JSONValue]
        let isOfKeras2 = call.array != nil
        if let list = call.array {
            tensors = list
            named = list.reduce(into: [:]) { all, tensor in
                all.merge(tensor.array?.dropFirst(3).first?.object ?? [:]) { first, _ in first }
            }
        } else {
            named = call["kwargs"]?.object ?? [:]
            for (place, value) in (call["args"]?.array ?? []).enumerated() {
                named[place < names.count ? names[place] : "number \(place + 1)"] = value
            }
            guard let name = [names[0], "x", "data"].first(where: { named[$0] != nil }),
                let first = named.removeValue(forKey: name)
            else { throw LayerError("a call is given no tensor") }
            tensors = try Self.tensors(in: first, takesNames: takesNames)
        }
        for name in MultiHeadAttention.kerasClasses.contains(kerasClass)
            ? MultiHeadAttention.tensorNames.dropFirst() : []
        {
            guard let value = named[name], value != .null else { continue }
            if let tensor = isOfKeras2 ? Self.history(value) : KerasArguments.history(of: value) {
                tensors.append(tensor)
                named[name] = .null
                hasMaskTensor = name == MultiHeadAttention.maskName
            } else if name != MultiHeadAttention.maskName {
                throw LayerError("the argument \(name) of a call is no tensor of the model")
            }
        }
        let training = named.removeValue(forKey: "training") ?? .null
        guard KerasArguments.tensors(in: training).isEmpty else {
            throw LayerError("\(kerasClass) of several tensors is not supported")
        }
        guard training == .null || training.bool != nil else {
            throw LayerError("the argument training of a call is neither true nor false")
        }
        self.training = !isOfKeras2 && training.bool == Self.usualTraining(kerasClass) ? nil : training.bool
        for (name, value) in named where !Self.saysNothing(value) {
            guard KerasArguments.tensors(in: value).isEmpty, !isOfKeras2 || Self.history(value) == nil else {
                throw LayerError("a call has the argument \(name), a tensor, which is not supported")
            }
            arguments[name] = value
        }
    }

    /// What arguments by position are called.
    private static func positions(_ kerasClass: String) -> [String] {
        switch kerasClass {
        case _ where MultiHeadAttention.kerasClasses.contains(kerasClass):
            MultiHeadAttention.positions + ["query_mask", "value_mask", "key_mask", MultiHeadAttention.maskName]
        case "Softmax", "GlobalAveragePooling1D", "Attention": ["inputs", "mask"]
        default: ["inputs", "training", "mask"]
        }
    }

    /// What Keras 3 writes if the author of the model says nothing.
    private static func usualTraining(_ kerasClass: String) -> Bool? {
        switch kerasClass {
        case "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D",
            "Attention":
            false
        case _ where kerasClass.hasPrefix("Random"): true
        default: nil
        }
    }

    /// A tensor, or lists of them at any depth. A constant among them would change the result.
    private static func tensors(in value: JSONValue, takesNames: Bool) throws(LayerError) -> [JSONValue] {
        if let history = KerasArguments.history(of: value) { return [history] }
        let parts: [JSONValue]
        if let list = value.array {
            parts = list
        } else if takesNames, let object = value.object {
            parts = object.sorted { $0.key < $1.key }.map(\.value)
        } else {
            throw LayerError("a call is given \(KerasArguments.brief(value)), which is no tensor of the model")
        }
        var tensors: [JSONValue] = []
        for part in parts { tensors += try Self.tensors(in: part, takesNames: false) }
        return tensors
    }

    /// Of Keras 2.
    private static func history(_ value: JSONValue) -> JSONValue? {
        guard let parts = value.array, parts.count >= 3, parts[0].string != nil, parts[1].integer != nil else {
            return nil
        }
        return value
    }

    private static func saysNothing(_ value: JSONValue) -> Bool {
        value == .bool(false) || isNull(value)
    }

    /// Null, or lists and objects of it: a mask for each tensor, none of which is there.
    private static func isNull(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .array(let parts): parts.allSatisfy(isNull)
        case .object(let parts): parts.values.allSatisfy(isNull)
        default: false
        }
    }
}
