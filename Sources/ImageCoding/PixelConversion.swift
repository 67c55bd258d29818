/// Conversions in place, with Pillow's rounding.
enum PixelConversion {
    /// RGB to luma (ITU-R 601-2) in 16 bits of fraction.
    static func greyFromRGB(_ pixels: UnsafeMutablePointer<UInt8>, count: Int) {
        for i in 0..<count {
            pixels[i] = grey(Int(pixels[3 * i]), Int(pixels[3 * i + 1]), Int(pixels[3 * i + 2]))
        }
    }

    /// CMYK to RGB or grey. In Adobe's files 255 is no ink.
    static func fromCMYK(_ pixels: UnsafeMutablePointer<UInt8>, count: Int, isInverted: Bool, channels: Int) {
        let flip: UInt8 = isInverted ? 0xFF : 0
        for i in 0..<count {
            let ink = pixels + 4 * i
            let white = 255 - Int(ink[3] ^ flip)
            let (red, green, blue) = (
                left(Int(ink[0] ^ flip), white), left(Int(ink[1] ^ flip), white), left(Int(ink[2] ^ flip), white)
            )
            if channels == 1 {
                pixels[i] = grey(red, green, blue)
            } else {
                let output = pixels + 3 * i
                (output[0], output[1], output[2]) = (UInt8(red), UInt8(green), UInt8(blue))
            }
        }
    }

    private static func grey(_ red: Int, _ green: Int, _ blue: Int) -> UInt8 {
        UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
    }

    /// What an ink leaves of white: white - ink * white / 255, the quotient rounded.
    private static func left(_ ink: Int, _ white: Int) -> Int {
        let product = ink * white + 128
        return white - ((product >> 8) + product) >> 8
    }
}
