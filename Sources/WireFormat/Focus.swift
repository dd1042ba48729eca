public import Bytes
public import Faults
public import VolumeModel

/// A receiver's region request: this box at the quality of a region of interest, ahead of everything else that is not one already.
public struct Focus: Sendable, Hashable {
    /// The most requests of one session, and the greatest number of one.
    public static let limit = 256

    /// Counted by the receiver from 1; asked again under the same number, it is the same request.
    public let number: UInt32
    /// The volume's place in the manifest.
    public let volume: UInt8
    /// Voxels it asks for.
    public let box: StackedBox

    /// Makes a request.
    public init(number: UInt32, volume: UInt8, box: StackedBox) {
        self.number = number
        self.volume = volume
        self.box = box
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        number = try reader.take(UInt32.self, "focus")
        volume = try reader.take(UInt8.self, "volume")
        box = try StackedBox(from: &reader)
        guard (1...UInt32(Self.limit)).contains(number), Int(volume) < WireLimits.volumeCount else {
            throw FormatError(.limitExceeded, "focus \(number) on volume \(volume) is beyond the limits")
        }
    }
    func write(to writer: inout ByteWriter) {
        writer.put(number)
        writer.put(volume)
        box.write(to: &writer)
    }
}

/// A part of the answer to a ``Focus``: the payload of a chunk that stands in no plan and says itself what it is.
public struct FocusChunk: Sendable, Equatable {
    /// The most parts of one answer.
    public static let partLimit = 4096
    /// The most slices of one part.
    public static let sliceLimit = 32

    /// The request.
    public let focus: UInt32
    /// The volume's place in the manifest.
    public let volume: Int
    /// This part, counted from 0.
    public let part: Int
    /// Parts of the answer.
    public let partCount: Int
    /// Voxels of this part.
    public let box: StackedBox
    /// The slices, coded as a region's base layer.
    public let slices: [UInt8]

    /// Makes a part.
    public init(focus: UInt32, volume: Int, part: Int, partCount: Int, box: StackedBox, slices: [UInt8]) {
        self.focus = focus
        self.volume = volume
        self.part = part
        self.partCount = partCount
        self.box = box
        self.slices = slices
    }

    /// The part's bytes: a chunk record's payload.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: slices.count + 32)
        writer.put(focus)
        writer.put(UInt8(volume))
        writer.put(UInt16(part))
        writer.put(UInt16(partCount))
        box.write(to: &writer)
        writer.put(slices)
        return writer.bytes
    }

    /// Reads a part.
    /// - Throws: `FormatError`.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        focus = try reader.take(UInt32.self, "focus")
        volume = Int(try reader.take(UInt8.self, "volume"))
        part = Int(try reader.take(UInt16.self, "part"))
        partCount = Int(try reader.take(UInt16.self, "parts"))
        box = try StackedBox(from: &reader)
        slices = Array(try reader.take(reader.remaining, "slices"))
        guard (1...UInt32(Focus.limit)).contains(focus), part < partCount, partCount <= Self.partLimit,
            volume < WireLimits.volumeCount, box.z.count <= Self.sliceLimit
        else {
            throw FormatError(
                .limitExceeded, "part \(part) of \(partCount) of focus \(focus), \(box) of volume \(volume), is beyond the limits")
        }
    }
}
