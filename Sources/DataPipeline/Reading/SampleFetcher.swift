import HDF5Storage
import Basics

/// Brings drawn samples from the file into memory. Used by one thread.
protocol SampleFetcher: AnyObject {
    /// Rows got from the file so far, those of bands that were not drawn included.
    var rowsRead: Int { get }

    /// Writes the samples of `draws`, images as [H, W, C], one after the other to `output`.
    func fetch(_ draws: [Sampler.Draw], epoch: Int, shard: Int, into output: UnsafeMutableRawPointer) throws
}

/// The fetcher that suits how a data set lies in its file.
func makeFetcher(for dataset: SampleSet) throws -> SampleFetcher {
    switch dataset.source.access {
    case .direct(let offset): try DirectFetcher(dataset, offset: offset)
    case .byRow: BandFetcher(dataset, bandRows: 1)
    case .chunked(let rows): BandFetcher(dataset, bandRows: rows)
    }
}

extension SampleSource {
    /// Copies one sample, turning [C, H, W] or [C, W, H] into [H, W, C] where it lies so.
    func copySample(_ input: UnsafeRawPointer, to output: UnsafeMutableRawPointer) {
        guard needsTransposition else {
            output.copyMemory(from: input, byteCount: sampleBytes)
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
        let (height, width, channels) = (sample[0], sample[1], sample[2])
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
