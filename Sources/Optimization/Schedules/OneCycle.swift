import Basics
import Glibc

/// The 1cycle policy (Smith and Topin, 2017): from base / `divFactor` up to the base rate and down again, to the first rate /
/// `finalDivFactor`. Counted in steps, and the last step has the last rate. The momentum stays as it is, as with
/// `cycle_momentum=False`. Source: `OneCycleLR` in torch/optim/lr_scheduler.py.
public struct OneCycle: Hashable, Sendable {
    public enum Shape: String, Sendable, LosslessStringConvertible {
        case cos, linear

        public init?(_ description: String) { self.init(rawValue: description) }
        public var description: String { rawValue }
    }

    /// The whole run if it is nil.
    public var length: ScheduleTime?
    /// The part of the length in which the rate rises.
    public var rise = 0.3
    public var divFactor = 25.0
    public var finalDivFactor = 1e4
    public var shape = Shape.cos

    func rate(base: Double, at time: RunTime) -> Double {
        let first = base / divFactor
        let peak = rise * Double(end(time)) - 1
        let last = Double(end(time) - 1)
        let step = min(Double(time.step), max(last, 0))
        // A rise of less than a step is over before it begins.
        if step <= peak { return between(first, base, step / max(peak, 1e-9)) }
        let top = max(peak, 0)
        let part = last > top ? (step - top) / (last - top) : 1
        return between(base, first / finalDivFactor, part)
    }

    private func between(_ a: Double, _ b: Double, _ part: Double) -> Double {
        switch shape {
        case .cos: b + (a - b) / 2 * (1 + cos(.pi * part))
        case .linear: a + (b - a) * part
        }
    }

    /// The step at which the cycle has ended.
    func end(_ time: RunTime) -> Int { length.map { $0.steps(time) } ?? time.steps }
}

extension OneCycle {
    static let grammar = "one-cycle:epochs=30,rise=0.3,div-factor=25,final-div-factor=10000,shape=cos|linear"

    init(_ parts: inout CompactText) throws {
        length = try parts.length()
        rise = try parts.take("rise", "between 0 and 1") { $0 > 0 && $0 < 1 } ?? rise
        let factor = { (value: Double) in value >= 1 && Float(value).isFinite }
        divFactor = try parts.take("div-factor", "a number of at least 1", where: factor) ?? divFactor
        finalDivFactor = try parts.take("final-div-factor", "a number of at least 1", where: factor) ?? finalDivFactor
        shape = try parts.take("shape", "cos or linear") ?? shape
    }

    var text: String {
        "one-cycle:\(length.lengthText)rise=\(rise),div-factor=\(divFactor),final-div-factor=\(finalDivFactor),shape=\(shape)"
    }
}
