import CDNNL

/// The passes of a convolution, each with an algorithm of its own.
enum ConvolutionPass {
    case forward
    case inputGradient
    case weightGradient

    /// Output pixels of a shard from which on Winograd's algorithm was faster in this pass, whatever the number of channels:
    /// it transforms weights or their gradients once a pass, and tiles of 4x4 pixels fill its matrix products.
    fileprivate var fewestPixels: Int { self == .weightGradient ? 384 : 768 }
}

extension DNNLCompiler {
    /// Makes the primitive with Winograd's algorithm (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
    /// 2015) where it is faster, and directly elsewhere: a function of shapes and processor alone, so all ranks agree.
    /// docs/numerics.md tells how near the two are, docs/benchmarks.md which is faster where.
    func choosing(
        _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t,
        _ make: (dnnl_alg_kind_t) throws -> Primitive
    ) throws -> Primitive {
        // Not every processor has it: then oneDNN refuses, and what is really wrong shows in the direct attempt.
        if type == dnnl_f32, geometry.suitsWinograd(in: pass), let primitive = try? make(dnnl_convolution_winograd) {
            return primitive
        }
        return try make(dnnl_convolution_direct)
    }
}

extension ConvolutionGeometry {
    /// F(4x4, 3x3) takes 36 multiplications where 144 are due. With fewer channels than 32 the transforms cost more than
    /// that saves.
    fileprivate func suitsWinograd(in pass: ConvolutionPass) -> Bool {
        let isThreeByThree = kernel[2...] == [3, 3] && strides == [1, 1]
        let pixels = output[0] * output[2] * output[3]
        return isThreeByThree && min(kernel[0], kernel[1]) >= 32 && pixels >= pass.fewestPixels
    }
}
