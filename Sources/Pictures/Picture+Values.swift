extension Picture {
    /// Values [height, width, channels] from black, the smallest, to white, the largest; grey where all are the same.
    public init(stretching values: [Float], width: Int, height: Int, channels: Int) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
        self.init(values, from: low, to: high, width: width, height: height, channels: channels)
    }

    /// The same with zero as the middle grey, so that signs show.
    public init(aroundZero values: [Float], width: Int, height: Int, channels: Int) {
        let reach = values.filter(\.isFinite).map(abs).max() ?? 0
        self.init(values, from: -reach, to: reach, width: width, height: height, channels: channels)
    }

    private init(_ values: [Float], from low: Float, to high: Float, width: Int, height: Int, channels: Int) {
        // In double precision the range of any floats is finite.
        let range = Double(high) - Double(low)
        self.init(
            width: width, height: height, channels: channels,
            bytes: values.map { value in
                guard range > 0, value.isFinite else { return 128 }
                return UInt8(((Double(value) - Double(low)) / range * 255).rounded())
            })
    }
}
