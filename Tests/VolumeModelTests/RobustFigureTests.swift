import Testing
import VolumeModel

@Suite("Figures that one strange voxel does not change")
struct RobustFigureTests {
    private func cube(_ side: Int, _ value: (Int) -> Float) throws -> Volume {
        try Volume(
            shape: try Shape(columns: side, rows: side, slices: side), voxelType: .float32,
            values: (0..<side * side * side).map(value))
    }

    /// Zeros around, 100 to 199 in the middle.
    private func head(_ change: (inout [Float]) -> Void = { _ in }) throws -> Volume {
        var values = [Float](repeating: 0, count: 20 * 20 * 20)
        for z in 4..<16 {
            for y in 4..<16 { for x in 4..<16 { values[(z * 20 + y) * 20 + x] = Float(100 + (x * 7 + y * 13 + z * 29) % 100) } }
        }
        change(&values)
        return try cube(20) { values[$0] }
    }

    @Test("The range is that of what is not fill, between its 0.5th and 99.5th percentile")
    func range() throws {
        let range = RobustRange(of: try head())
        #expect(range.lowerBound == 100 && range.upperBound == 199 && range.span == 99)
    }

    @Test(
        "Sentinels, infinities and not-a-number do not widen it", arguments: [-32768, 1e30, .infinity, -.infinity, .nan] as [Float])
    func sentinels(value: Float) throws {
        let volume = try head { values in
            values[0] = value
            values[10 * 400 + 10 * 20 + 10] = value
        }
        #expect(RobustRange(of: volume) == RobustRange(of: try head()))
    }

    @Test("A volume of one value, or of labels that fill next to nothing, has its whole range")
    func narrow() throws {
        let one = RobustRange(of: try cube(8) { _ in 7 })
        #expect(one.lowerBound == 7 && one.upperBound == 7)
        let labels = RobustRange(of: try cube(8) { $0 == 200 ? 4 : 0 })
        #expect(labels.lowerBound == 0 && labels.upperBound == 4)
    }

    @Test("A blank preview is far off, whatever one voxel holds")
    func blank() throws {
        let source = try head { $0[0] = -32768 }
        let blank = try cube(20) { _ in 0 }
        let box = try Box(x: 4..<16, y: 4..<16, z: 4..<16)
        let fidelity = try Fidelity.compare(source, blank, box: box)
        #expect(fidelity.psnr(against: RobustRange(of: source)) < 0)
        // The figure that this replaces.
        let range = source.finiteRange()
        #expect(fidelity.psnr(peak: range.upperBound - range.lowerBound) > 40)
    }

    @Test("Voxels that are not finite are counted apart, and the others' errors stay")
    func nonfinite() throws {
        let source = try cube(3) { $0 == 0 ? .nan : $0 == 1 ? .infinity : Float($0) }
        let shown = try cube(3) { $0 < 2 ? 0 : Float($0) + ($0 == 5 ? 3 : 0) }
        let fidelity = try Fidelity.compare(source, shown)
        #expect(fidelity.voxelCount == 27 && fidelity.nonfiniteVoxelCount == 2)
        #expect(fidelity.finiteMaxAbsoluteError == 3)
        #expect(fidelity.finiteMeanSquaredError == 9.0 / 25)
        #expect(fidelity.maxAbsoluteError == .infinity && !fidelity.identicalVoxels)
        let same = try Fidelity.compare(source, source)
        #expect(same.identicalVoxels && same.nonfiniteVoxelCount == 2 && same.psnr(against: RobustRange(of: source)) == .infinity)
    }

    @Test("Figures of two parts add up to those of the whole")
    func sum() throws {
        let source = try cube(4) { $0 == 9 ? .nan : Float($0) }
        let shown = try cube(4) { Float($0) + Float($0 % 3) }
        let whole = try Fidelity.compare(source, shown)
        var sum = try Fidelity.compare(source, shown, box: Box(x: 0..<4, y: 0..<4, z: 0..<1))
        sum.add(try Fidelity.compare(source, shown, box: Box(x: 0..<4, y: 0..<4, z: 1..<4)))
        #expect(sum == whole)
    }
}

@Suite("Whether two grids lie at one place")
struct AffineDifferenceTests {
    private let shape: Shape
    init() throws { shape = try Shape(columns: 200, rows: 180, slices: 20) }

    private let first = Affine(rows: [[-1, 0, 0, 90], [0, 1, 0, -126], [0, 0, 5, -72]])
    private func moved(_ change: (inout [[Double]]) -> Void) -> Affine {
        var rows = first.rows
        change(&rows)
        return Affine(rows: rows)
    }

    @Test("What rounding does is let pass")
    func rounding() {
        #expect(first.difference(from: first, over: shape) == nil)
        #expect(moved { $0 = $0.map { $0.map { Double(Float($0 * 1.0000001)) } } }.difference(from: first, over: shape) == nil)
        #expect(moved { $0[0][3] += 0.05 }.difference(from: first, over: shape) == nil)
    }

    @Test("A shift, a turn, a flip, other voxel sides and other axes are each told by what differs")
    func differences() {
        func difference(_ change: (inout [[Double]]) -> Void) -> String { moved(change).difference(from: first, over: shape) ?? "" }
        #expect(difference { $0[2][3] += 5 }.hasPrefix("origins apart"))
        #expect(difference { $0[2][3] += 5 }.contains("5.0 mm"))
        #expect(difference { $0[2][2] = 3 }.hasPrefix("voxels of 1.0x1.0x3.0 and of 1.0x1.0x5.0 mm"))
        // Left and right exchanged about the middle: the corners are the same ones, in another order.
        #expect(
            difference {
                $0[0][0] = 1
                $0[0][3] = 90 - 199
            }.hasPrefix("axes that run to RAS and to LAS"))
        let (c, s) = (0.9998, 0.02)
        #expect(
            difference {
                $0[0][0] = -c
                $0[0][1] = s
                $0[1][0] = s
                $0[1][1] = c
            }.hasPrefix("axes that are turned"))
        #expect(difference { $0[0][3] = .nan } != "")
    }

    @Test("A small turn that only the far corners show is found")
    func farCorner() {
        let turned = moved {
            $0[0][1] = 0.002
            $0[1][0] = 0.002
        }
        #expect(turned.difference(from: first, over: shape)?.hasPrefix("axes that are turned") == true)
    }
}
