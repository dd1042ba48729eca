package import WireFormat

/// A receiver's requests at the sending end: those that wait, those that are being coded, and what of the others is on its way.
///
/// A receiver asks for everything anew on each connection, since what it was shown may be lost with the one before. Only what it may
/// lack is made again.
package struct FocusAnswers {
    /// Requests that are coded at a time: a receiver that asks for much must not have the coder to itself.
    private static let codingLimit = 2
    /// Bytes on their way beyond which nothing more is coded: they are kept until they are acknowledged.
    private static let openByteLimit = 64 << 20

    private struct Part {
        let focus: Focus
        let index: Int
        let byteCount: Int
    }
    private var waiting: [Focus] = []
    private var coding: Set<Focus> = []
    /// Parts that are not acknowledged, by their chunks' ordinals.
    private var open: [UInt32: Part] = [:]
    private var openByteCount = 0
    private var partCounts: [Focus: Int] = [:]
    /// Chunks that any request has taken.
    private var chunkCount = 0

    /// Nothing has been asked for.
    package init() {}

    /// Takes a request; false when all of it is on its way already. Another one under its number takes the place of one that waits.
    package mutating func take(_ focus: Focus) -> Bool {
        guard !coding.contains(focus), !waiting.contains(focus) else { return false }
        if let count = partCounts[focus], count == open.values.count(where: { $0.focus == focus }) { return false }
        waiting.removeAll { $0.number == focus.number }
        waiting.append(focus)
        return true
    }

    /// The request to be coded next, the latest first; nil while enough is being coded or on its way.
    package mutating func next() -> Focus? {
        guard coding.count < Self.codingLimit, openByteCount < Self.openByteLimit,
            let index = waiting.indices.max(by: { waiting[$0].number < waiting[$1].number })
        else { return nil }
        let focus = waiting.remove(at: index)
        coding.insert(focus)
        return focus
    }

    /// A request is coded.
    /// - Parameter table: the table's ordinal: answers go beyond it.
    /// - Returns: the parts that are not on their way yet, by their ordinals; nil when there are no ordinals left for them.
    package mutating func supply(
        _ records: [[UInt8]], to focus: Focus, beyond table: UInt32
    ) -> [(ordinal: UInt32, record: [UInt8])]? {
        coding.remove(focus)
        let onTheirWay = Set(open.values.filter { $0.focus == focus }.map(\.index))
        let lacking = records.enumerated().filter { !onTheirWay.contains($0.offset) }
        guard Int(table) + 1 + chunkCount + lacking.count <= WireLimits.chunkCount else { return nil }
        partCounts[focus] = records.count
        return lacking.map { index, record in
            let ordinal = table + 1 + UInt32(chunkCount)
            chunkCount += 1
            open[ordinal] = Part(focus: focus, index: index, byteCount: record.count)
            openByteCount += record.count
            return (ordinal, record)
        }
    }

    /// A request cannot be coded.
    package mutating func refuse(_ focus: Focus) { coding.remove(focus) }

    /// Chunks are acknowledged.
    /// - Returns: the numbers of requests of which nothing is on its way any more.
    package mutating func acknowledge(_ ordinals: [UInt32]) -> [UInt32] {
        var touched: Set<Focus> = []
        for ordinal in ordinals {
            guard let part = open.removeValue(forKey: ordinal) else { continue }
            openByteCount -= part.byteCount
            touched.insert(part.focus)
        }
        return touched.filter { focus in !open.values.contains { $0.focus == focus } }.map(\.number).sorted()
    }
}
