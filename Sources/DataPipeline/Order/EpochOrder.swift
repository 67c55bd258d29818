import Basics

/// The order of the samples in one epoch, any position of it computed alone.
public struct EpochOrder: Sendable {
    private let sampler: Sampler
    private let epoch: Int
    /// Of the samples, or of the bands where there are bands; nil without shuffling.
    private let permutation: Permutation?
    /// The place of the last band, which may be short, among the shuffled ones.
    private let placeOfLast: Int

    init(_ sampler: Sampler, epoch: Int) {
        self.sampler = sampler
        self.epoch = epoch
        let things = sampler.bands.map { sampler.count.dividedRoundingUp(by: $0.rows) } ?? sampler.count
        permutation = sampler.seed.map {
            Permutation(
                count: things, random: CounterRandom(seed: $0, purpose: .shuffle, stream: UInt64(epoch)))
        }
        placeOfLast = sampler.bands == nil ? 0 : permutation?.position(of: things - 1) ?? things - 1
    }

    /// What lies at `position`, which belongs to the part of `shard`.
    public func draw(_ position: Int, shard: Int) -> Sampler.Draw {
        guard let bands = sampler.bands else {
            return Sampler.Draw(sample: permutation?[position] ?? position, window: position)
        }
        guard let permutation, let seed = sampler.seed else {
            return Sampler.Draw(sample: position, window: (bands.firstRow + position) / bands.rows)
        }
        let window = place(of: position, bands).place / bands.window
        // The window may reach over the ends of the shard's part; only what is inside is mixed.
        let part = sampler.part(of: shard)
        let range = (start(ofPlace: window * bands.window, bands)..<start(ofPlace: (window + 1) * bands.window, bands))
            .clamped(to: part)
        let stream = CounterRandom.mix(UInt64(epoch), CounterRandom.mix(UInt64(window), UInt64(shard)))
        let mixing = Permutation(
            count: range.count, random: CounterRandom(seed: seed, purpose: .shuffle, stream: stream))
        let mixed = range.lowerBound + mixing[position - range.lowerBound]
        let (place, offset) = place(of: mixed, bands)
        return Sampler.Draw(sample: permutation[place] * bands.rows + offset, window: window)
    }

    /// How many rows the last band lacks.
    private func shortage(_ bands: Sampler.Bands) -> Int {
        sampler.count.rounded(upToMultipleOf: bands.rows) - sampler.count
    }

    /// The position at which the band at `place` of the shuffled order begins; the end for places beyond the last.
    private func start(ofPlace place: Int, _ bands: Sampler.Bands) -> Int {
        min(place * bands.rows - (place > placeOfLast ? shortage(bands) : 0), sampler.count)
    }

    /// The place among the shuffled bands that holds `position`, and the row within that band.
    private func place(of position: Int, _ bands: Sampler.Bands) -> (place: Int, offset: Int) {
        let endOfLast = start(ofPlace: placeOfLast + 1, bands)
        let padded = position < endOfLast ? position : position + shortage(bands)
        return (padded / bands.rows, padded % bands.rows)
    }
}
