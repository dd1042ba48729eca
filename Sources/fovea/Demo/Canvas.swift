internal import Faults
internal import Files
internal import CPNG
internal import Foundation
internal import NIfTIFile

/// A colour picture to draw on and to write as PNG.
struct Canvas {
    let width: Int
    let height: Int
    private var pixels: [UInt8]

    struct Colour: Equatable {
        let red: UInt8
        let green: UInt8
        let blue: UInt8
        static func grey(_ value: UInt8) -> Colour { Colour(red: value, green: value, blue: value) }
    }

    init(width: Int, height: Int, background: Colour) {
        self.width = width
        self.height = height
        pixels = (0..<width * height).flatMap { _ in [background.red, background.green, background.blue] }
    }

    mutating func set(_ x: Int, _ y: Int, _ colour: Colour) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        let index = (y * width + x) * 3
        pixels[index] = colour.red
        pixels[index + 1] = colour.green
        pixels[index + 2] = colour.blue
    }

    mutating func fill(x: Range<Int>, y: Range<Int>, _ colour: Colour) {
        for row in y { for column in x { set(column, row, colour) } }
    }

    mutating func outline(x: Range<Int>, y: Range<Int>, _ colour: Colour) {
        for column in x {
            set(column, y.lowerBound, colour)
            set(column, y.upperBound - 1, colour)
        }
        for row in y {
            set(x.lowerBound, row, colour)
            set(x.upperBound - 1, row, colour)
        }
    }

    /// Writes text with its upper left corner at a point.
    mutating func write(_ text: String, x: Int, y: Int, scale: Int = 1, _ colour: Colour) {
        var left = x
        for character in text {
            for (row, bits) in PixelFont.rows(of: character).enumerated() {
                for column in 0..<PixelFont.width where bits & (1 << (PixelFont.width - 1 - column)) != 0 {
                    fill(x: left + column * scale..<left + (column + 1) * scale, y: y + row * scale..<y + (row + 1) * scale, colour)
                }
            }
            left += (PixelFont.width + 1) * scale
        }
    }

    /// Writes the picture whole or not at all.
    /// - Throws: `FileError.Code.cannotWrite`.
    func write(to path: String) throws {
        var image = png_image()
        image.version = UInt32(PNG_IMAGE_VERSION)
        image.width = UInt32(width)
        image.height = UInt32(height)
        image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
        var count = 0
        // Once for the length, once for the bytes.
        guard png_image_write_to_memory(&image, nil, &count, 0, pixels, 0, nil) != 0 else {
            throw FileError(.cannotWrite, "\(path): libpng cannot code the picture")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard png_image_write_to_memory(&image, &bytes, &count, 0, pixels, 0, nil) != 0 else {
            throw FileError(.cannotWrite, "\(path): libpng cannot code the picture")
        }
        try AtomicFile.write(Array(bytes[..<count]), to: path)
    }
}
