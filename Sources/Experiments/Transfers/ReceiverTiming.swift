/// The times that a receiver's own work takes in virtual time.
package struct ReceiverTiming: Sendable, Equatable {
    /// From a sender's hello to what is on disk of the session being found.
    package var open: Duration = .milliseconds(8)
    /// From a chunk being in its place to its bytes being durable.
    package var durable: Duration = .milliseconds(6)
    /// From a whole chunk, all that it rests on in place, to its being in its place too; by ordinal.
    package var decode: [UInt32: Duration] = [:]
    /// For chunks without a time of their own.
    package var otherDecode: Duration = .milliseconds(10)
    /// Chunks decoded at a time; nil for as many as there are, where `decode` has the waiting in it already.
    package var workerCount: Int?
    /// From the last chunk to the digest of all voxels.
    package var verify: Duration = .milliseconds(60)
    /// From the sender's end to everything being on disk and read back.
    package var store: Duration = .milliseconds(500)

    /// The defaults.
    package init() {}
}
