import Basics
import CResampling
import Glibc

/// How a value is weighed by its distance from where it is wanted.
public enum ResamplingFilter: String, Sendable, CaseIterable {
    case bilinear, bicubic

    /// Beyond this distance the weight is zero; in inputs, or outputs if those are farther apart.
    var support: Double { self == .bilinear ? 1 : 2 }

    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear: return x < 1 ? 1 - x : 0
        case .bicubic:
            // Keys (1981) with a = -0.5.
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        }
    }
}

/// From a part of `inputs` pixels to `outputs`, along one axis. The borders are in single precision, as in Pillow.
struct ResamplingGeometry: Equatable {
    let inputs: Int
    let begin: Float
    let end: Float
    let outputs: Int
    let filter: ResamplingFilter

    private var scale: Double { Double(end - begin) / Double(outputs) }
    /// Where outputs are farther apart than inputs, the filter is as wide as they are: that is what antialiasing is.
    private var filterScale: Double { max(scale, 1) }
    private var support: Double { filter.support * filterScale }
    /// Inputs of an output at most.
    var most: Int { Int(support.rounded(.up)) * 2 + 1 }

    private func center(_ output: Int) -> Double { Double(begin) + (Double(output) + 0.5) * scale }

    /// The inputs of an output.
    func inputs(of output: Int) -> Range<Int> {
        let center = center(output)
        let first = max(Int(center - support + 0.5), 0)
        return first..<max(first, min(Int(center + support + 0.5), inputs))
    }

    /// The inputs of all outputs.
    var needed: Range<Int> { inputs(of: 0).lowerBound..<inputs(of: outputs - 1).upperBound }

    /// The weights of an output's inputs; their sum is 1.
    func weigh(_ output: Int, into weights: UnsafeMutablePointer<Double>) {
        let inputs = inputs(of: output)
        let (center, unit) = (center(output), 1 / filterScale)
        var sum = 0.0
        for i in 0..<inputs.count {
            let weight = filter.weight((Double(i + inputs.lowerBound) - center + 0.5) * unit)
            weights[i] = weight
            sum += weight
        }
        guard sum != 0 else { return }
        for i in 0..<inputs.count { weights[i] /= sum }
    }
}

/// The coefficients of one axis in memory that is kept.
struct ResamplingAxis {
    private var geometry: ResamplingGeometry?
    private var firstInput = 0
    private var numbers = AlignedBuffer<Int32>(count: 0)
    private var weights = AlignedBuffer<Double>(count: 0)

    /// - Parameter firstInput: the input that is first in memory.
    mutating func prepare(_ geometry: ResamplingGeometry, firstInput: Int) {
        if self.geometry == geometry, self.firstInput == firstInput { return }
        self.geometry = geometry
        self.firstInput = firstInput
        let (outputs, most) = (geometry.outputs, Self.most(geometry))
        let count = outputs * (2 + 2 * most)
        if numbers.count < count { numbers = AlignedBuffer(count: count) }
        if weights.count < most { weights = AlignedBuffer(count: most) }
        let (firsts, counts) = (numbers.baseAddress, numbers.baseAddress + outputs)
        let coefficients = counts + outputs
        let low = coefficients + outputs * most
        let high = low + outputs * most / 2
        for output in 0..<outputs {
            let inputs = geometry.inputs(of: output)
            firsts[output] = Int32(inputs.lowerBound - firstInput)
            counts[output] = Int32(inputs.count)
            geometry.weigh(output, into: weights.baseAddress)
            let own = coefficients + output * most
            for i in 0..<most { own[i] = i < inputs.count ? Self.fixedPoint(weights.baseAddress[i]) : 0 }
            for pair in 0..<most / 2 {
                let place = output * most / 2 + pair
                (low[place], high[place]) = Self.split(own[2 * pair], own[2 * pair + 1])
            }
        }
    }

    func withView<Result>(_ body: (UnsafePointer<dptrain_resampling_axis>) -> Result) -> Result? {
        guard let geometry else { return nil }
        let (outputs, most) = (geometry.outputs, Self.most(geometry))
        let firsts = UnsafePointer(numbers.baseAddress)
        let coefficients = firsts + 2 * outputs
        let low = coefficients + outputs * most
        var view = dptrain_resampling_axis(
            outputs: outputs, most: most, firsts: firsts, counts: firsts + outputs, coefficients: coefficients,
            low_pairs: low, high_pairs: low + outputs * most / 2)
        return body(&view)
    }

    private static func most(_ geometry: ResamplingGeometry) -> Int {
        geometry.most.rounded(upToMultipleOf: Int(dptrain_resampling_group))
    }

    private static func fixedPoint(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << Int(dptrain_resampling_fraction))
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }

    /// The low 16 bits of two coefficients, and what is above them.
    private static func split(_ a: Int32, _ b: Int32) -> (low: Int32, high: Int32) {
        func high(_ value: Int32) -> Int32 { (value + 0x8000) >> 16 }
        return (pair(a, b), pair(high(a), high(b)))
    }

    private static func pair(_ a: Int32, _ b: Int32) -> Int32 { (a & 0xFFFF) | b << 16 }
}
