import Basics
import Models

/// Weights of PyTorch fit networks of Keras by name and shape that would look at other pixels with them.
extension KerasWeightsFile {
    func requireSameWindows(_ network: Network) throws(FileError) {
        guard form == .pyTorch else { return }
        try requireSameStrides(network)
        if padsAllSides { try requireSamePadding(network) }
    }

    private func requireSameStrides(_ network: Network) throws(FileError) {
        guard network.nodes.contains(where: { $0.name == "conv3_block1_3_conv" }),
            let first = network.nodes.first(where: { $0.name == "conv3_block1_1_conv" }),
            case .convolution(let layer) = first.layer, layer.window.stride != 1
        else { return }
        throw FileError(
            .content, file: path,
            "it is PyTorch's ResNet, whose 3x3 convolutions stride, and in \(network.name) the 1x1 convolutions do",
            remedy: "train --model resnet50-v1.5")
    }

    /// Where a window strides, PyTorch has half of it beside the image on each side. Keras has one pixel less above and on the left, if
    /// the size is even. Windows side by side, as patches are, need no zeros.
    private func requireSamePadding(_ network: Network) throws(FileError) {
        let held = Set(layers.map(\.name))
        let other = network.nodes.first { node in
            guard held.contains(node.name), let window = node.layer.window, window.stride != 1 else { return false }
            let above = window.padding == .same ? window.margins(of: network.shapes[node.inputs[0]]).top : 0
            let overlaps = window.size.height > window.stride.height
            return above + network.zerosAbove(node.inputs[0]) != (overlaps ? window.size.height / 2 : 0)
        }
        guard let other else { return }
        throw FileError(
            .content, file: path,
            "it is of PyTorch, where a window that strides has zeros on all sides, and layer \(other.name) of "
                + "\(network.name) has them below and on the right only",
            remedy: "train --model mobilenet-v2-torch or efficientnet-b0-torch")
    }
}

extension Layer {
    /// Of a convolution.
    fileprivate var window: Window2D? {
        switch self {
        case .convolution(let layer): layer.window
        case .plain(let layer as DepthwiseConvolution2D): layer.window
        default: nil
        }
    }
}

extension Network {
    /// Rows of zeros that a layer adds; 0 if it is another layer.
    fileprivate func zerosAbove(_ node: Int) -> Int {
        if case .zeroPadding(let layer) = nodes[node].layer { layer.margins.top } else { 0 }
    }
}
