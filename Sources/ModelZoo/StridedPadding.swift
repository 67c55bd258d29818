import Models

/// Where the zeros of a window that strides lie, for images of an even size.
enum StridedPadding {
    /// TensorFlow's `same`: below and on the right.
    case asKeras
    /// On all sides.
    case asPyTorch
}

extension GraphBuilder {
    /// A convolution without bias, with zeros around it so that only its stride makes the image smaller.
    mutating func convolution(
        _ x: Tensor, _ filters: Int, kernel: Int, stride: Int, padding: StridedPadding,
        initializer: Initializer = .glorotUniform, name: String
    ) -> Tensor {
        let (x, padding) = padded(x, kernel, stride, padding, name)
        return convolution(
            x, filters, kernel: Extent2D(kernel), stride: Extent2D(stride), padding: padding, bias: false,
            initializer: initializer, name: name)
    }

    /// The same of each channel on its own. Where it strides, keras.applications has its zeros in a layer of their own.
    mutating func depthwise(
        _ x: Tensor, kernel: Int, stride: Int, padding: StridedPadding, initializer: Initializer = .glorotUniform,
        name: String
    ) -> Tensor {
        let (x, padding) = padded(x, kernel, stride, padding, name)
        let layer = DepthwiseConvolution2D(
            kernel: Extent2D(kernel), stride: Extent2D(stride), padding: padding, usesBias: false,
            kernelInitializer: initializer)
        return plain(layer, [x], name: name)
    }

    private mutating func padded(
        _ x: Tensor, _ kernel: Int, _ stride: Int, _ padding: StridedPadding, _ name: String
    ) -> (Tensor, Padding) {
        guard padding == .asPyTorch, stride > 1 else { return (x, .same) }
        return (zeroPadding(x, Margins2D(kernel / 2), name: "\(name)_pad"), .valid)
    }
}
