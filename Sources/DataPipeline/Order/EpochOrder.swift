import Basics

/// The order of the samples in one epoch, any position of it computed alone.
public struct EpochOrder: Sendable {
    private let sampler: Sampler
    private let epoch: Int
    /// Of the samples, or of the bands where there are bands, or of the draws where classes are balanced; nil without
    /// shuffling.
    private let permutation: Permutation?
    /// The place of the last band, which may be short, among the shuffled ones.
    private let placeOfLast: Int
    /// For bands of different sizes: the position at which the band at each place begins, and at the end the count.
    private let places: [Int]?

    init(_ sampler: Sampler, epoch: Int) {
        self.sampler = sampler
        self.epoch = epoch
        let bands = sampler.classes == nil ? sampler.bands : nil
        let things = bands?.count(of: sampler.count) ?? sampler.count
        let permutation = sampler.seed.map {
            Permutation(
                count: things, random: CounterRandom(seed: $0, purpose: .shuffle, stream: UInt64(epoch)))
        }
        self.permutation = permutation
        placeOfLast = bands == nil ? 0 : permutation?.position(of: things - 1) ?? things - 1
        places = bands?.starts.map { starts in
            guard let permutation else { return starts }
            return (0..<things).reduce(into: [0]) { places, place in
                let band = permutation[place]
                places.append(places[place] + starts[band + 1] - starts[band])
            }
        }
    }

    /// What lies at `position`, which belongs to the part of `shard`.
    public func draw(_ position: Int, shard: Int) -> Sampler.Draw {
        guard sampler.repeats > 1 else { return first(position, shard: shard) }
        let begin = sampler.part(of: shard).lowerBound
        let (place, occurrence) = (position - begin).quotientAndRemainder(dividingBy: sampler.repeats)
        let draw = first(begin + place, shard: shard)
        return Sampler.Draw(sample: draw.sample, window: draw.window, occurrence: occurrence)
    }

    /// The same where no sample is repeated.
    private func first(_ position: Int, shard: Int) -> Sampler.Draw {
        if let classes = sampler.classes { return draw(position, of: classes) }
        guard let bands = sampler.bands else {
            return Sampler.Draw(sample: permutation?[position] ?? position, window: position)
        }
        guard let permutation, let seed = sampler.seed else {
            let band = places == nil ? position / bands.rows : place(of: position, bands).place
            return Sampler.Draw(sample: position, window: band)
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
        let band = permutation[place]
        return Sampler.Draw(sample: (bands.starts?[band] ?? band * bands.rows) + offset, window: window)
    }

    /// Samples come from any band. A window has no more draws than it may hold bands.
    private func draw(_ position: Int, of classes: ClassMembers) -> Sampler.Draw {
        let (sample, occurrence) = classes.draw(permutation?[position] ?? position, epoch: epoch, seed: sampler.seed)
        let window = position / (sampler.seed == nil ? 1 : sampler.bands?.window ?? 1)
        return Sampler.Draw(sample: sample, window: window, occurrence: occurrence)
    }

    /// How many rows the last band lacks.
    private func shortage(_ bands: Sampler.Bands) -> Int {
        sampler.count.rounded(upToMultipleOf: bands.rows) - sampler.count
    }

    /// The position at which the band at `place` of the shuffled order begins; the end for places beyond the last.
    private func start(ofPlace place: Int, _ bands: Sampler.Bands) -> Int {
        if let places { return places[min(place, places.count - 1)] }
        return min(place * bands.rows - (place > placeOfLast ? shortage(bands) : 0), sampler.count)
    }

    /// The place among the shuffled bands that holds `position`, and the row within that band.
    private func place(of position: Int, _ bands: Sampler.Bands) -> (place: Int, offset: Int) {
        if let places {
            // The last place that begins at the position or before it.
            var (low, high) = (0, places.count - 1)
            while high - low > 1 {
                let middle = (low + high) / 2
                if places[middle] <= position { low = middle } else { high = middle }
            }
            return (low, position - places[low])
        }
        let endOfLast = start(ofPlace: placeOfLast + 1, bands)
        let padded = position < endOfLast ? position : position + shortage(bands)
        return (padded / bands.rows, padded % bands.rows)
    }
}
