/// Samples the model slice by slice and adds what a scanner adds: partial volume,
/// bias, and Rician noise that interpolation has correlated.
struct Scanner {
    /// Neighbours' share in the blur of signal and of noise, along each axis.
    private static let signalSpread: Float = 0.16
    private static let noiseSpread: Float = 0.17
    /// Noise before its blur, in stored values.
    private static let noiseDeviation: Float = 25

    /// Depth below the stripped border from which tissue is still computed, so that
    /// the blur at the border sees what lay beyond it.
    private static let margin: Float = -3

    let frame: HeadFrame
    var random: SeededGenerator

    init(frame: HeadFrame, random: SeededGenerator) {
        self.frame = frame
        self.random = random
    }

    mutating func acquire(
        lattice: FieldLattice, model: TissueModel
    ) -> (flair: [Int16], labels: [UInt8]) {
        let plane = frame.columns * frame.rows
        var flair = [Int16](repeating: 0, count: plane * frame.slices)
        var labels = [UInt8](repeating: 0, count: plane * frame.slices)
        // Only three slices are held at once, whatever the volume's size.
        let ring = (0..<3).map { _ in ScanSlice(columns: frame.columns, rows: frame.rows) }
        let line = UnsafeMutablePointer<Float>.allocate(capacity: lattice.countX * Field.count)
        defer { line.deallocate() }
        flair.withUnsafeMutableBufferPointer { flair in
            labels.withUnsafeMutableBufferPointer { labels in
                for slice in 0...frame.slices {
                    let current = ring[slice % 3]
                    current.clear()
                    if slice < frame.slices {
                        let part = UnsafeMutableBufferPointer(
                            rebasing: labels[(slice * plane)..<((slice + 1) * plane)])
                        sample(slice, of: lattice, model: model, line: line, into: current, part)
                        current.blur(signal: Self.signalSpread, noise: Self.noiseSpread)
                    }
                    guard slice > 0 else { continue }
                    let part = UnsafeMutableBufferPointer(
                        rebasing: flair[((slice - 1) * plane)..<(slice * plane)])
                    Self.develop(
                        below: ring[(slice + 1) % 3], ring[(slice + 2) % 3], above: current,
                        into: part)
                }
            }
        }
        return (flair, labels)
    }

    private mutating func sample(
        _ slice: Int, of lattice: FieldLattice, model: TissueModel,
        line: UnsafeMutablePointer<Float>, into target: ScanSlice,
        _ labels: UnsafeMutableBufferPointer<UInt8>
    ) {
        let z = frame.z(slice: slice)
        let fields = UnsafeMutablePointer<Float>.allocate(capacity: Field.count)
        defer { fields.deallocate() }
        for row in 0..<frame.rows {
            let y = frame.y(row: row)
            guard lattice.line(y: y, z: z, into: line) else { continue }
            for column in 0..<frame.columns {
                let x = frame.x(column: column)
                let u = x / lattice.step.x + Float(lattice.countX / 2)
                guard u >= 0, u < Float(lattice.countX - 1) else { continue }
                let i = Int(u)
                let t = u - Float(i)
                let a = line + i * Field.count
                let b = a + Field.count
                let mask = mix(a[Field.mask], b[Field.mask], t)
                guard mask > Self.margin else { continue }
                for n in 0..<Field.count {
                    fields[n] = a[n] + (b[n] - a[n]) * t
                }
                let voxel = model.voxel(fields, at: Point(x, y, z))
                let index = row * frame.columns + column
                target.signal[index] = voxel.signal * fields[Field.bias]
                let noise = random.normalPair()
                target.real[index] = noise.0 * Self.noiseDeviation
                target.imaginary[index] = noise.1 * Self.noiseDeviation
                // Stripping takes the open mouths of sulci with it.
                if mask > 0, voxel.fluid < 0.8 || mask > 2.4 {
                    target.inside[index] = true
                    labels[index] = voxel.label
                }
            }
        }
    }

    /// Completes the blur along z, takes the magnitude and strips the rest of the head.
    private static func develop(
        below: ScanSlice, _ slice: ScanSlice, above: ScanSlice,
        into flair: UnsafeMutableBufferPointer<Int16>
    ) {
        let s = signalSpread
        let n = noiseSpread
        for index in 0..<flair.count where slice.inside[index] {
            let signal =
                slice.signal[index] * (1 - 2 * s)
                + (below.signal[index] + above.signal[index]) * s
            let real =
                slice.real[index] * (1 - 2 * n) + (below.real[index] + above.real[index]) * n
            let imaginary =
                slice.imaginary[index] * (1 - 2 * n)
                + (below.imaginary[index] + above.imaginary[index]) * n
            let a = signal + real
            let magnitude = (a * a + imaginary * imaginary).squareRoot()
            // A brain voxel is never 0, which is how readers tell it from background.
            flair[index] = Int16(max(1, min(4095, magnitude.rounded())))
        }
    }
}
