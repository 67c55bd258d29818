// Measures how fast images are decoded, resized and cropped on one core: scripts/check-image-rate.
//
//     image-rate FOLDER SECONDS
//
// Every file of the folder is resized to a shortest side of 256 (bilinear), of which 224x224 pixels in the middle are made.
// Prints images for each second of processor time, which other programs on the machine disturb less.

import Basics
import FoundationEssentials
import Glibc
import ImageCoding

let cropped = PixelSize(width: 224, height: 224)

/// The part of an image that becomes the middle of the image resized to a shortest side of 256.
func middle(of image: PixelSize) -> Resampler.Box {
    let shortest = min(image.width, image.height)
    let resized = PixelSize(width: 256 * image.width / shortest, height: 256 * image.height / shortest)
    let left = (resized.width - cropped.width) / 2
    let top = (resized.height - cropped.height) / 2
    let (across, down) = (
        Double(image.width) / Double(resized.width), Double(image.height) / Double(resized.height)
    )
    return Resampler.Box(
        left: Double(left) * across, top: Double(top) * down, right: Double(left + cropped.width) * across,
        bottom: Double(top + cropped.height) * down)
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let seconds = Double(arguments[2]) else {
    print("usage: image-rate FOLDER SECONDS")
    exit(64)
}
let names = try FileManager.default.contentsOfDirectory(atPath: arguments[1]).sorted()
let images = try names.map { [UInt8](try Data(contentsOf: URL(filePath: arguments[1] + "/" + $0))) }
let decoder = try ImageDecoder()
let resampler = Resampler()
let output = AlignedBuffer<UInt8>(count: cropped.width * cropped.height * 3)

@MainActor func makeAll() throws {
    for image in images {
        try image.withUnsafeBytes { bytes in
            let header = try ImageHeader(bytes)
            let box = middle(of: header.size)
            let region = Resampler.region(for: box, of: header.size, to: cropped, .bilinear)
            let pixels = try decoder.decode(bytes, channels: 3, region: region)
            resampler.resize(pixels, box, to: cropped, .bilinear, into: output.baseAddress)
        }
    }
}

try makeAll()
var count = 0
let begin = BootClock.processorTime
var passed = 0.0
while passed < seconds {
    try makeAll()
    count += images.count
    passed = Double(BootClock.processorTime - begin) * 1e-9
}
print(String.formatted("%.1f", Double(count) / passed))
