/// An error that can occur at a site beyond those that its parts report.
public struct SiteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case usage, exposed, sessionExists, sessionBusy, limitReached, receiptMismatch, cancelled, invalidKey, keyExists,
            unusableJournal
        /// There are as many sessions as there may be.
        case full
        /// There is less room on the disk than what was announced needs.
        case noSpace
        /// Files cannot be written where they are to go.
        case cannotWrite
        /// A session was completed, and its files are gone or changed since.
        case sessionChanged
    }
    /// The kind of fault.
    public let code: Code
    /// One sentence for a person.
    public let message: String
    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
