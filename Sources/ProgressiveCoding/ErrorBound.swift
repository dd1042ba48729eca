/// The step between base and exact: codes in intervals of 2k + 1, shown by their middle, so that none is off by more than k.
struct ErrorBound {
    /// k, above 0.
    let maxError: UInt16
    /// Of the exact codes.
    let maxCode: UInt16

    /// The interval a code lies in, from 0.
    func interval(of code: UInt16) -> UInt16 { UInt16(Int(code) / (2 * Int(maxError) + 1)) }

    /// The code that stands for an interval; the last interval may end before its middle.
    func code(ofInterval interval: UInt16) -> UInt16 {
        UInt16(min(Int(maxCode), Int(interval) * (2 * Int(maxError) + 1) + Int(maxError)))
    }
}
