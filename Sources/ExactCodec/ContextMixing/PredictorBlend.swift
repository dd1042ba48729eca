/// Joins what several predictors say: those that were off the least around a voxel count the most, by the inverse cube.
struct PredictorBlend {
    /// Recent absolute error of each predictor, in 64ths.
    private var usual = SIMD4<Int32>(repeating: 64)

    /// In the predictors' own unit.
    @inline(__always)
    func blend(_ guesses: SIMD4<Int32>, _ space: Neighbourhood, _ i: Int) -> Int32 {
        var sum = 0
        var shares = 1
        for index in 0..<Neighbourhood.predictorCount {
            let misses = Int(min(1 << 15, space.missesAround(i, predictor: index) &+ (usual[index] &>> 1) &+ 4))
            let share = (1 << 48) / (misses &* misses &* misses)
            sum = sum &+ Int(guesses[index]) &* share
            shares = shares &+ share
        }
        return Int32(truncatingIfNeeded: sum / shares)
    }

    @inline(__always)
    mutating func learn(_ goal: Int32, _ guesses: SIMD4<Int32>, _ space: Neighbourhood, _ i: Int) {
        for index in 0..<Neighbourhood.predictorCount {
            let miss = min(4095, abs(goal &- guesses[index]))
            space.predictorMisses[index &* space.count &+ i] = UInt16(truncatingIfNeeded: miss)
            usual[index] = max(4, usual[index] &+ ((miss &* 4 &- usual[index]) &>> 5))
        }
    }
}

/// Mean signed error of the predictions in similar places.
struct BiasTable {
    /// Sum and count: octave x signs.
    private let sums: UnsafeMutablePointer<SIMD2<Int32>>

    init() {
        sums = .allocate(capacity: 16 * 64)
        sums.initialize(repeating: SIMD2(0, 0), count: 16 * 64)
    }

    func deallocate() { sums.deallocate() }

    /// In 16ths of a code.
    @inline(__always)
    func of(_ octave: Int32, _ signs: Int32) -> Int32 {
        let place = sums[Int(octave) &* 64 &+ Int(signs)]
        return place[0] / (place[1] &+ 1)
    }

    @inline(__always)
    func learn(_ miss: Int32, _ octave: Int32, _ signs: Int32) {
        var place = sums[Int(octave) &* 64 &+ Int(signs)]
        place[0] = place[0] &+ max(-65535, min(65535, miss))
        place[1] = place[1] &+ 1
        if place[1] >= 128 { place = SIMD2(place[0] / 2, place[1] / 2) }
        sums[Int(octave) &* 64 &+ Int(signs)] = place
    }
}
