import Basics
import CConvolution
import CDNNL
import Models
import OneDNN

/// Images in blocks of as many channels as a register holds, which CConvolution's kernels for AVX2 and AVX-512 compute with.
extension DNNLCompiler {
    func channelBlocks(_ dimensions: [Int]) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, library.lanes == 16 ? dnnl_nChw16c : dnnl_nChw8c, type)
    }

    /// For operations without kernels for samples side by side, or for blocks of four channels. Convolutions in groups of four
    /// channels choose such blocks with AVX-512, but oneDNN normalises and pools them by its reference implementation.
    func channelsSideBySide(_ tensor: Tensor, layer: String) throws -> Tensor {
        let isOfFour = tensor.layout.block.map { $0.axis == 1 && $0.size == 4 } ?? false
        guard tensor.layout.isSideBySide || isOfFour else { return tensor }
        return try reorder(tensor, to: channelBlocks(tensor.layout.dimensions), layer: layer)
    }

    /// For poolings, which oneDNN computes by its reference implementation in bf16 if channels come in blocks of eight. Convolutions in
    /// groups choose such blocks where a group does not fill those of 16.
    func blocksToPool(_ tensor: Tensor, layer: String) throws -> Tensor {
        guard tensor.layout.type == dnnl_bf16, tensor.layout.hasBlocksOfEight else { return tensor }
        return try inChannelBlocks(tensor, layer: layer)
    }

    /// The same values, still known to be rectified.
    func inChannelBlocks(_ tensor: Tensor, layer: String) throws -> Tensor {
        var result = try reorder(tensor, to: channelBlocks(tensor.layout.dimensions), layer: layer)
        result.isRectified = tensor.isRectified
        return result
    }

    func blocks(of images: Tensor) -> dptrain_blocks {
        let dimensions = images.layout.dimensions
        return dptrain_blocks(
            samples: dimensions[0], lanes: library.lanes, blocks: dimensions[1].dividedRoundingUp(by: library.lanes),
            pixels: dimensions[2] * dimensions[3], bf16_images: images.layout.type == dnnl_bf16)
    }
}

extension MemoryDescriptor {
    /// Whether eight channels lie side by side.
    var hasBlocksOfEight: Bool { block.map { $0.axis == 1 && $0.size == 8 } ?? false }
}
