import Basics
import HDF5Storage
import Datasets

/// Brings the stored bytes of drawn samples into memory. Used by one thread at a time.
protocol SampleFetcher: AnyObject {
    /// Rows got from files so far, those of bands that were not drawn included.
    var rowsRead: Int { get }

    /// Writes the stored bytes of each draw's sample, images as [H, W, C], `starts[i]` bytes behind `output`. `samples` are
    /// those of the epoch; `shards` says whose draw each is.
    func fetch(
        _ draws: [Sampler.Draw], of samples: SampleSet, epoch: Int, shards: [Int],
        into output: UnsafeMutableRawPointer, at starts: UnsafePointer<Int>) throws
}

/// Fetchers for the threads of a reader.
///
/// `turn` guards the fetchers that threads share.
final class FetcherPool: @unchecked Sendable {
    /// Of each input, the main one first.
    private let sources: [SampleSource]
    /// For each, of data that is read in bands, which serve several shards.
    private let shared: [BandFetcher?]
    /// What a thread holds from taking on a shard until its samples are fetched. So the shards are fetched in their
    /// order, as bands want it. HDF5 would let only one thread read anyway.
    let turn: Condition?

    init(for sources: [SampleSource]) {
        self.sources = sources
        shared = sources.map { source in
            switch source.access {
            case .direct: nil
            case .byRow: BandFetcher(source, bandRows: 1)
            case .chunked(let rows): BandFetcher(source, bandRows: rows)
            }
        }
        turn = shared.contains { $0 != nil } ? Condition() : nil
    }

    /// For one more thread, one for each input.
    func fetchers() -> [any SampleFetcher] {
        zip(sources, shared).map { source, shared -> any SampleFetcher in shared ?? DirectFetcher(source) }
    }
}

extension SampleSource {
    /// Copies one stored sample of so many bytes, turning [C, H, W] or [C, W, H] into [H, W, C] where it lies so.
    func copySample(_ input: UnsafeRawPointer, to output: UnsafeMutableRawPointer, byteCount: Int) {
        guard needsTransposition else {
            output.copyMemory(from: input, byteCount: byteCount)
            return
        }
        switch form {
        case .bytes: transpose(input, output, as: UInt8.self)
        case .floats: transpose(input, output, as: Float.self)
        }
    }

    private func transpose<Element>(
        _ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, as type: Element.Type
    ) {
        let source = input.assumingMemoryBound(to: Element.self)
        let target = output.assumingMemoryBound(to: Element.self)
        let (height, width, channels) = (stored[0], stored[1], stored[2])
        let pixels = height * width
        for channel in 0..<channels {
            if order == .ncwh {
                for row in 0..<height {
                    for column in 0..<width {
                        target[(row * width + column) * channels + channel] =
                            source[channel * pixels + column * height + row]
                    }
                }
            } else {
                for pixel in 0..<pixels { target[pixel * channels + channel] = source[channel * pixels + pixel] }
            }
        }
    }
}
