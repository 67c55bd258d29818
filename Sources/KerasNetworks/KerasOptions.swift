import Basics
import KerasCalls
import Models

/// The `config` of one Keras layer while it is read. Each option asked for is taken out; `finish` refuses what is left
/// and would change the layer, so that an option nobody reads is never dropped in silence.
struct KerasOptions {
    /// The class in `keras.layers`.
    private(set) var kerasClass: String
    /// The shapes of the layer's inputs: some options, like an axis, mean something only with them.
    private(set) var inputs: [Shape]
    /// What goes home as it came.
    private(set) var kept: [String: JSONValue] = [:]
    /// Whether the layer goes home under its own class, which is not what is written for others like it.
    private var keepsClass = false
    private var remaining: [String: JSONValue]
    /// Whether the last of the inputs is an attention's mask.
    private(set) var hasMaskTensor = false

    init(kerasClass: String, configuration: [String: JSONValue], inputs: [Shape]) {
        self.kerasClass = kerasClass
        self.inputs = inputs
        remaining = configuration.mapValues(Self.unwrapped)
    }

    /// Keras 2.2 wraps numbers of NumPy into objects: `"max_value": {"type": "ndarray", "value": 6.0}`.
    private static func unwrapped(_ value: JSONValue) -> JSONValue {
        value["type"]?.string == "ndarray" ? value["value"] ?? value : value
    }

    // MARK: Values

    mutating func integer(_ name: String) throws(LayerError) -> Int {
        guard let value = remaining.removeValue(forKey: name) else { throw missing(name) }
        guard let integer = value.integer else { throw unsupported(name, value, "it must be an integer") }
        return integer
    }

    mutating func word(_ name: String) throws(LayerError) -> String {
        guard let value = remaining.removeValue(forKey: name) else { throw missing(name) }
        guard let word = value.string else { throw unsupported(name, value, "it must be a word") }
        return word
    }

    /// A list of integers, of which some may be open.
    mutating func shape(_ name: String) throws(LayerError) -> [Int?] {
        guard let value = remaining.removeValue(forKey: name) else { throw missing(name) }
        guard let list = value.array, list.allSatisfy({ $0 == .null || $0.integer != nil }) else {
            throw unsupported(name, value, "it must be a list of integers")
        }
        return list.map(\.integer)
    }

    mutating func optionalInteger(_ name: String) throws(LayerError) -> Int? {
        guard let value = take(name) else { return nil }
        guard let integer = value.integer else { throw unsupported(name, value, "it must be an integer") }
        return integer
    }

    /// An integer that is no list of one; it is taken out.
    mutating func single(_ name: String) throws(LayerError) -> Int? {
        remaining[name]?.integer == nil ? nil : try integer(name)
    }

    /// One integer or a list; nil where it is absent or null.
    mutating func integers(_ name: String) throws(LayerError) -> [Int]? {
        guard let value = take(name) else { return nil }
        if let integer = value.integer { return [integer] }
        guard let list = value.array, list.allSatisfy({ $0.integer != nil }) else {
            throw unsupported(name, value, "it must be integers")
        }
        return list.compactMap(\.integer)
    }

    mutating func optionalNumber(_ name: String) throws(LayerError) -> Float? {
        guard let value = take(name) else { return nil }
        guard let number = value.number else { throw unsupported(name, value, "it must be a number") }
        return Float(number)
    }

    mutating func number(_ name: String, default fallback: Double? = nil) throws(LayerError) -> Float {
        guard let value = take(name) else {
            guard let fallback else { throw missing(name) }
            return Float(fallback)
        }
        guard let number = value.number else { throw unsupported(name, value, "it must be a number") }
        return Float(number)
    }

    /// Nil where it is absent or null.
    mutating func optionalText(_ name: String) throws(LayerError) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string else { throw unsupported(name, value, "it must be a word") }
        return text
    }

    mutating func flag(_ name: String, default fallback: Bool) throws(LayerError) -> Bool {
        guard let value = take(name) else { return fallback }
        guard let flag = value.bool else { throw unsupported(name, value, "it must be true or false") }
        return flag
    }

    /// One number for both axes, or height and width; nil where it is absent or null.
    mutating func extent(_ name: String) throws(LayerError) -> Extent2D? {
        guard let value = take(name) else { return nil }
        if let side = value.integer { return Extent2D(side) }
        guard let sides = value.array?.compactMap(\.integer), sides.count == 2, value.array?.count == 2 else {
            throw unsupported(name, value, "it must be one integer or two")
        }
        return Extent2D(height: sides[0], width: sides[1])
    }

    /// The same of an option that a layer must have.
    mutating func requiredExtent(_ name: String) throws(LayerError) -> Extent2D {
        guard let extent = try extent(name) else { throw missing(name) }
        return extent
    }

    /// One number for all sides, two for height and width, or `((top, bottom), (left, right))`; `fallback` where it is
    /// absent, which Keras has as 1 for paddings.
    mutating func margins(_ name: String, default fallback: Margins2D = Margins2D(1)) throws(LayerError) -> Margins2D {
        guard let value = take(name) else { return fallback }
        if let side = value.integer { return Margins2D(side) }
        let pairs = value.array?.compactMap { axis -> [Int]? in
            axis.integer.map { [$0, $0] } ?? axis.array?.compactMap(\.integer)
        }
        guard let pairs, pairs.map(\.count) == [2, 2], value.array?.count == 2 else {
            throw unsupported(name, value, "it must be one integer, two, or two pairs")
        }
        return Margins2D(top: pairs[0][0], bottom: pairs[0][1], left: pairs[1][0], right: pairs[1][1])
    }

    /// Rows of integers.
    mutating func table(_ name: String) throws(LayerError) -> [[Int]] {
        guard let value = take(name) else { throw missing(name) }
        let rows = value.array?.map { row in row.array?.compactMap(\.integer) ?? [] } ?? []
        guard !rows.isEmpty, zip(rows, value.array ?? []).allSatisfy({ $0.count == $1.array?.count }) else {
            throw unsupported(name, value, "it must be a list of lists of integers")
        }
        return rows
    }

    mutating func padding() throws(LayerError) -> Padding {
        guard let value = take("padding") else { return .valid }
        guard let padding = value.string.flatMap(Padding.init(rawValue:)) else {
            throw unsupported("padding", value, "it must be valid or same (or ceil, of a pooling)")
        }
        return padding
    }

    mutating func interpolation(default fallback: Interpolation) throws(LayerError) -> Interpolation {
        guard let value = take("interpolation") else { return fallback }
        guard let interpolation = value.string.flatMap({ Interpolation(rawValue: $0.lowercased()) }) else {
            let known = Interpolation.allCases.map(\.rawValue).joined(separator: ", ")
            throw unsupported("interpolation", value, "it must be one of \(known)")
        }
        return interpolation
    }

    /// A function by name, or as Keras 2.12 and later write it: `{"class_name": "function", "config": "relu"}`.
    mutating func activation() throws(LayerError) -> Activation {
        guard let value = take("activation") else { return .linear }
        let name = (value.string ?? value["config"]?.string).map(KerasPackage.plainName)
        guard let function = name.flatMap({ Activation(rawValue: Self.aliases[$0] ?? $0) }) else {
            let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
            throw unsupported("activation", value, "it must be one of \(known)")
        }
        return function
    }

    /// One number, or one a channel; nil where it is absent or null. Keras wraps arrays of NumPy into objects.
    mutating func numbers(_ name: String) throws(LayerError) -> [Float]? {
        guard let value = take(name) else { return nil }
        guard let numbers = Self.numbers(value) else { throw unsupported(name, value, "it must be numbers") }
        return numbers
    }

    static func numbers(_ value: JSONValue) -> [Float]? {
        if let number = value.number { return [Float(number)] }
        if value["class_name"]?.string == "__numpy__" || value["class_name"]?.string == "__tensor__" {
            return value["config"]?["value"].flatMap(numbers)
        }
        // [[[0.5, 0.4, 0.3]]] is one a channel, too.
        guard let list = value.array, !list.isEmpty else { return nil }
        if list.count == 1 { return numbers(list[0]) }
        let numbers = list.compactMap(\.number)
        return numbers.count == list.count ? numbers.map { Float($0) } : nil
    }

    /// Other names that Keras knows functions by.
    private static let aliases = ["swish": "silu", "hard_swish": "hard_silu"]

    /// What new weights are drawn from. One that does not exist here is kept: only a run that needs new weights refuses it
    /// (`Network.requireKnownInitializers`). So is one with a seed.
    mutating func initializer(
        _ name: String, default fallback: Initializer = .glorotUniform
    ) throws(LayerError) -> Initializer {
        guard let value = take(name) else { return fallback }
        guard let initializer = Initializer(keras: value) else {
            kept[name] = value
            return fallback
        }
        if let seed = value["config"]?["seed"], seed != .null { kept[name] = value }
        return initializer
    }

    /// Whether `noise_shape` is one value for each sample of images; null is one for each element.
    mutating func dropsSamples() throws(LayerError) -> Bool {
        guard let value = take("noise_shape") else { return false }
        guard inputs.first?.rank == 3, value == [nil, 1, 1, 1] else { throw unsupported("noise_shape", value) }
        return true
    }

    // MARK: Layers of sequences

    /// Whether an option has a number for each axis of an image.
    static func isOfWindows(_ name: String) -> Bool {
        [
            "kernel_size", "strides", "dilation_rate", "pool_size", "size", "output_padding", "padding", "cropping",
        ].contains(name)
    }

    /// The options of a layer of sequences as those of the same layer of images: windows are one row high, and nothing is put
    /// above or below. Returns whether a convolution is causal.
    mutating func becomeOptionsOfImages() throws(LayerError) -> Bool {
        let isCausal = kerasClass == "Conv1D" && remaining["padding"]?.string == "causal"
        if isCausal { remaining["padding"] = "valid" }
        kerasClass = kerasClass.replacing("1D", with: "2D")
        inputs = inputs.map { $0.rank == 2 ? SequenceLayer.image(of: $0) : $0 }
        for (name, value) in remaining where Self.isOfWindows(name) && value != .null && value.string == nil {
            let isOfMargins = name == "padding" || name == "cropping"
            let sides = value.integer.map { [$0] } ?? value.array?.compactMap(\.integer) ?? []
            guard (isOfMargins ? 1...2 : 1...1).contains(sides.count), value.array?.count ?? 1 == sides.count else {
                throw unsupported(name, value, isOfMargins ? "it must be one integer or two" : "it must be one integer")
            }
            let along = sides.map { JSONValue.integer($0) }
            switch name {
            case "padding", "cropping": remaining[name] = [[0, 0], [along[0], along[along.count - 1]]]
            case "output_padding": remaining[name] = [0, along[0]]
            default: remaining[name] = [1, along[0]]
            }
        }
        return isCausal
    }

    /// Rows of 0 and 1, or false and true, without the axes of length 1 that may stand around them; nil where it is absent or null.
    mutating func rowsOfFlags(_ name: String) throws(LayerError) -> [[Bool]]? {
        guard let given = take(name) else { return nil }
        var value = given["config"]?["value"] ?? given
        while let only = value.array?.first, value.array?.count == 1, only.array?.first?.array != nil { value = only }
        let rows =
            value.array?.map { row in (row.array ?? []).compactMap { $0.bool ?? $0.number.map { $0 != 0 } } } ?? []
        guard let width = rows.first?.count, width > 0, rows.allSatisfy({ $0.count == width }),
            zip(rows, value.array ?? []).allSatisfy({ $0.count == $1.array?.count })
        else { throw unsupported(name, given, "it must be a matrix for all samples, or a tensor of the model") }
        return rows
    }

    // MARK: Options with one meaning only

    /// Refuses every value but `accepted`; absent and null mean the layer's default, which must be `accepted`.
    mutating func require(_ name: String, _ accepted: JSONValue) throws(LayerError) {
        guard let value = take(name) else { return }
        // 0 and 0.0 are one number.
        let isEqual = value == accepted || (value.number != nil && value.number == accepted.number)
        guard isEqual else { throw unsupported(name, value) }
    }

    /// The initializer of weights that nearly always begin with one value. Another one is kept.
    mutating func initializer(_ name: String, usual: Initializer) {
        if let value = take(name), Initializer(keras: value) != usual { kept[name] = value }
    }

    /// The channel axis must be the last: -1, or its number with the batch axis counted; in a list of one, as Keras 2
    /// writes it.
    mutating func requireLastAxis() throws(LayerError) {
        guard let value = take("axis") else { return }
        let axis = value.integer ?? (value.array?.count == 1 ? value.array?[0].integer : nil)
        guard axis == -1 || axis == inputs.first?.rank else { throw unsupported("axis", value, "it must be the last") }
    }

    /// Whether `axis` is the last, or is not given.
    var isAlongLastAxis: Bool {
        var options = self
        return (try? options.requireLastAxis()) != nil
    }

    /// The axis of a sample that `axis` names; the first is 0.
    mutating func sampleAxis() throws(LayerError) -> Int {
        let number = try integer("axis")
        let rank = inputs.first?.rank ?? 0
        let axis = number < 0 ? number &+ rank : number &- 1
        guard number != 0, (0..<rank).contains(axis) else {
            throw LayerError("its option axis = \(number) is not supported: it must be an axis of a sample")
        }
        return axis
    }

    mutating func requireChannelsLast() throws(LayerError) { try require("data_format", "channels_last") }

    /// Whether an option says anything else than null, false or zero.
    func isSet(_ name: String) -> Bool {
        let value = remaining[name] ?? .null
        return value != .null && value != .bool(false) && value.number != 0
    }

    /// Whether an option is absent, null or one word.
    func isUnset(_ name: String, or word: String? = nil) -> Bool {
        let value = remaining[name] ?? .null
        return value == .null || (word != nil && value.string == word)
    }

    /// What a call says is read as options are.
    mutating func add(_ call: KerasModel.Call) {
        remaining.merge(call.options) { own, _ in own }
        hasMaskTensor = call.hasMaskTensor
    }

    /// Takes out options that change nothing here.
    mutating func ignore(_ names: String...) {
        for name in names { remaining[name] = nil }
    }

    /// Takes out an option that outputs do not depend on, and keeps it.
    mutating func keep(_ name: String) {
        if let value = take(name) { kept[name] = value }
    }

    /// The layer goes home under its class, with these of its options.
    mutating func keepClass(_ names: String...) {
        keepsClass = true
        for name in names { kept[name] = remaining[name] }
    }

    /// Keeps penalties and constraints, on which outputs do not depend, and refuses other options that nobody took, unless
    /// they are switched off.
    mutating func finish() throws(LayerError) {
        for (name, value) in remaining where name.hasSuffix("_regularizer") || name.hasSuffix("_constraint") {
            guard value == .null || value.object != nil || value.string != nil else { throw unsupported(name, value) }
            keep(name)
        }
        let unread = remaining.filter { $0.value != .null && $0.value != .bool(false) }
        guard let (name, value) = unread.min(by: { $0.key < $1.key }) else { return }
        throw unsupported(name, value)
    }

    /// What was kept of the layer that was read, whose parameters are these; nil if that is nothing.
    func origin(of layer: any KerasLayer, _ parameters: [ParameterSpecification]) -> LayerOrigin? {
        guard keepsClass || !kept.isEmpty else { return nil }
        var initializers: [String: Initializer] = [:]
        for name in parameters.map(\.name) {
            initializers[name] = kept["\(layer.optionWord(of: name))_initializer"].flatMap(Initializer.init(keras:))
        }
        return LayerOrigin(typeName: keepsClass ? kerasClass : nil, options: kept, initializers: initializers)
    }

    // MARK: Plumbing

    /// nil where the option is absent or null.
    private mutating func take(_ name: String) -> JSONValue? {
        let value = remaining.removeValue(forKey: name)
        return value == .null ? nil : value
    }

    private func missing(_ name: String) -> LayerError { LayerError("its option \(name) is missing") }

    private func unsupported(_ name: String, _ value: JSONValue, _ reason: String? = nil) -> LayerError {
        let text = (try? value.text()) ?? "?"
        return LayerError("its option \(name) = \(text) is not supported" + (reason.map { ": \($0)" } ?? ""))
    }
}
