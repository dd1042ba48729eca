/// The current figures of one end of one session: a value that the session's loop makes a few times a second.
///
/// It names the session and nothing else: whoever may read metrics need not know whose volumes are sent.
package struct SessionMetrics: Sendable, Equatable {
    /// Which end this is.
    package enum Role: String, Sendable, CaseIterable {
        case sender, receiver
    }

    /// The state of the session.
    package enum State: String, Sendable, CaseIterable {
        /// There is no peer yet.
        case connecting
        /// Data flows, or is about to.
        case transferring
        /// Nothing comes from the peer; the session goes on.
        case stalled
        /// It ended well.
        case finished
        /// It ended otherwise.
        case failed

        /// True when the session has ended, well or not.
        package var isOver: Bool { self == .finished || self == .failed }
    }

    /// The session's name.
    package var session: String
    /// Which end this is.
    package var role: Role
    /// The state of the session.
    package var state: State
    /// Bits of chunk records a second, over the last second.
    package var goodputBitsPerSecond: Double
    /// The rate at which the sender paces, in bits a second.
    package var rateBitsPerSecond: Double?
    /// Retransmissions over first transmissions.
    package var retransmitRatio: Double?
    /// The transport's round trip, in seconds.
    package var roundTripSeconds: Double?
    /// The time that queues on the way add to the round trip, in seconds.
    package var queueDelaySeconds: Double?
    /// Datagrams sent or received so far.
    package var datagramCount: Int
    /// Bytes of chunk records so far.
    package var byteCount: Int
    /// The layers, each name once; a later layer of the same name is left out.
    package var layers: [LayerProgress]
    /// The extent to which what is received is exact; nil at the sending end, and before the first chunk.
    package var completeness: VoxelProgress?
    /// Seconds since the session began; where it has ended, until then.
    package var ageSeconds: Double

    /// Makes a value.
    package init(
        session: String, role: Role, state: State = .connecting, goodputBitsPerSecond: Double = 0,
        rateBitsPerSecond: Double? = nil,
        retransmitRatio: Double? = nil, roundTripSeconds: Double? = nil, queueDelaySeconds: Double? = nil, datagramCount: Int = 0,
        byteCount: Int = 0, layers: [LayerProgress] = [], completeness: VoxelProgress? = nil, ageSeconds: Double = 0
    ) {
        self.session = session
        self.role = role
        self.state = state
        self.goodputBitsPerSecond = goodputBitsPerSecond
        self.rateBitsPerSecond = rateBitsPerSecond
        self.retransmitRatio = retransmitRatio
        self.roundTripSeconds = roundTripSeconds
        self.queueDelaySeconds = queueDelaySeconds
        self.datagramCount = datagramCount
        self.byteCount = byteCount
        self.layers = layers
        self.completeness = completeness
        self.ageSeconds = ageSeconds
    }
}

/// The extent to which a session's volumes are exact, in voxels of the body.
package struct VoxelProgress: Sendable, Equatable {
    /// Voxels of the body that are the source's bit for bit.
    package var exactVoxelCount: Int
    /// Voxels of the body; nil until it is known where that is.
    package var bodyVoxelCount: Int?
    /// Bytes of the chunk records that have brought this about.
    package var byteCount: Int

    /// Makes a value.
    package init(exactVoxelCount: Int, bodyVoxelCount: Int?, byteCount: Int) {
        self.exactVoxelCount = exactVoxelCount
        self.bodyVoxelCount = bodyVoxelCount
        self.byteCount = byteCount
    }

    /// Exact voxels of the body over voxels of the body, 0 to 1; 0 until the body is known.
    package var share: Double {
        guard let body = bodyVoxelCount else { return 0 }
        return body <= 0 ? 1 : min(1, max(0, Double(exactVoxelCount) / Double(body)))
    }
}
