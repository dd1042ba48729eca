internal import ProgressiveCoding
internal import WireFormat

/// The most one session may take of a receiver.
package struct SessionLimits: Sendable, Equatable {
    /// Memory for volumes as they come together, in bytes.
    package var memoryByteCount = VolumeLayout.defaultMemoryLimit
    /// Disk for those that are too large for memory, while they come together, in bytes.
    package var diskByteCount = VolumeLayout.defaultDiskLimit
    /// Bytes of chunks on one connection.
    package var byteCount = 4 << 30
    /// Volumes.
    package var volumeCount = WireLimits.volumeCount
    /// Chunks.
    package var chunkCount = WireLimits.chunkCount
    /// Bytes of whole chunks that are not decoded yet: a peer could otherwise send only what rests on what it never sends.
    package var waitingByteCount = 512 << 20
    /// The longest time that one connection may last.
    package var duration = Duration.seconds(24 * 3600)

    /// The defaults.
    package init() {}

    /// A journal holds what came, with some bytes around each piece.
    var journalByteCount: Int { byteCount + byteCount / 16 + 1 << 20 }
}
