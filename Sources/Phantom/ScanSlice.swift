/// One slice on its way through the scanner.
final class ScanSlice {
    let signal: UnsafeMutablePointer<Float>
    let real: UnsafeMutablePointer<Float>
    let imaginary: UnsafeMutablePointer<Float>
    let inside: UnsafeMutablePointer<Bool>
    private let scratch: UnsafeMutablePointer<Float>
    private let columns: Int
    private let rows: Int

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        let count = columns * rows
        signal = .allocate(capacity: count)
        real = .allocate(capacity: count)
        imaginary = .allocate(capacity: count)
        scratch = .allocate(capacity: count)
        inside = .allocate(capacity: count)
        scratch.initialize(repeating: 0, count: count)
        clear()
    }

    deinit {
        signal.deallocate()
        real.deallocate()
        imaginary.deallocate()
        scratch.deallocate()
        inside.deallocate()
    }

    func clear() {
        let count = columns * rows
        signal.initialize(repeating: 0, count: count)
        real.initialize(repeating: 0, count: count)
        imaginary.initialize(repeating: 0, count: count)
        inside.initialize(repeating: false, count: count)
    }

    /// Blurs within the slice.
    func blur(signal signalSpread: Float, noise noiseSpread: Float) {
        blur(signal, signalSpread)
        blur(real, noiseSpread)
        blur(imaginary, noiseSpread)
    }

    private func blur(_ values: UnsafeMutablePointer<Float>, _ spread: Float) {
        let count = columns * rows
        let keep = 1 - 2 * spread
        // Rows may bleed into their neighbours' ends: nothing but 0 lies there.
        for n in 1..<(count - 1) {
            scratch[n] = values[n] * keep + (values[n - 1] + values[n + 1]) * spread
        }
        for n in columns..<(count - columns) {
            values[n] = scratch[n] * keep + (scratch[n - columns] + scratch[n + columns]) * spread
        }
    }
}
