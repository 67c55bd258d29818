import Basics
import Optimization

extension WeightPenalty {
    /// Reads a name (`"l2"`) or an object; nil for a regularizer that is not computed. Null is none.
    package init?(keras value: JSONValue) {
        guard value != .null else {
            self = .none
            return
        }
        let (name, options) = (value.kerasClass, value["config"])
        let number = { (option: String, fallback: Double) in options?[option].map { $0.number ?? 0 } ?? fallback }
        // Keras's default.
        let usual = 0.01
        let penalty: WeightPenalty
        switch name {
        case "l1": penalty = WeightPenalty(l1: number("l1", usual))
        case "l2": penalty = WeightPenalty(l2: number("l2", usual))
        case "l1l2": penalty = WeightPenalty(l1: number("l1", 0), l2: number("l2", 0))
        // Keras 2's function, whose word Keras 3 does not know.
        case "l1_l2": penalty = WeightPenalty(l1: number("l1", usual), l2: number("l2", usual))
        default: return nil
        }
        guard [penalty.l1, penalty.l2].allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
        self = penalty
    }
}

extension WeightConstraint {
    /// Reads a name (`"max_norm"`) or an object, for a parameter of so many axes; nil for a constraint that is not computed.
    package init?(keras value: JSONValue, rank: Int) {
        let options = value["config"]
        let number = { (option: String, fallback: Float) in options?[option]?.number.map { Float($0) } ?? fallback }
        let given = options?["axis"] ?? 0
        let listed = given.integer.map { [$0] } ?? given.array?.compactMap(\.integer) ?? []
        let axes = Set(listed.map { $0 < 0 ? $0 &+ rank : $0 })
        let isOfAxes = !axes.isEmpty && axes.allSatisfy((0..<rank).contains)
        switch value.kerasClass {
        case "nonneg", "non_neg": self = .notNegative
        case _ where !isOfAxes: return nil
        case "maxnorm", "max_norm":
            let most = number("max_value", 2)
            guard most.isFinite, most >= 0 else { return nil }
            self = .maximalNorm(most, axes: axes)
        case "unitnorm", "unit_norm": self = .unitNorm(axes: axes)
        case "minmaxnorm", "min_max_norm":
            let (least, most, rate) = (number("min_value", 0), number("max_value", 1), number("rate", 1))
            guard least <= most, [least, most, rate].allSatisfy(\.isFinite) else { return nil }
            self = .norm(least...most, rate: rate, axes: axes)
        default: return nil
        }
    }
}

extension JSONValue {
    /// The class of an object, or the name alone, in lower case and without a package.
    fileprivate var kerasClass: String {
        let name = string ?? self["class_name"]?.string ?? ""
        return (name.split(separator: ">").last.map(String.init) ?? name).lowercased()
    }
}
