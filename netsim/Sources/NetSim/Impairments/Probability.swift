internal import Faults

/// Checks of numbers that are probabilities.
enum Probability {
    /// - Parameter name: What errors call the value, as in "loss probability".
    /// - Throws: ``NetSimError`` with code `invalidParameter` for a value outside 0 to 1, or one that is not a number.
    static func validate(_ value: Double, _ name: String) throws {
        guard value >= 0, value <= 1 else {
            throw NetSimError(.invalidParameter, "\(name) \(value) is outside 0 to 1")
        }
    }
}
