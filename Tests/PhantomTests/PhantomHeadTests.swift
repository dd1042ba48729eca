import Phantom
import Testing

@Suite("The synthetic head")
struct PhantomHeadTests {
    private static func small(
        seed: UInt64 = 1, hasTumour: Bool = true
    ) throws -> PhantomHead {
        PhantomHead.generate(
            try PhantomParameters(
                seed: seed, columns: 64, rows: 64, slices: 40, hasTumour: hasTumour))
    }

    /// FNV-1a over the little-endian voxels and then the labels.
    private static func checksum(_ head: PhantomHead) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        for value in head.flair {
            add(UInt8(truncatingIfNeeded: value))
            add(UInt8(truncatingIfNeeded: value >> 8))
        }
        head.labels.forEach(add)
        return hash
    }

    private static func mean(_ head: PhantomHead, where wanted: (Int) -> Bool) -> Double {
        let values = head.flair.indices.filter(wanted).map { Double(head.flair[$0]) }
        return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    @Test("The same seed makes the same head on every run")
    func sameSeed() throws {
        let first = try Self.small()
        let second = try Self.small()
        #expect(first.flair == second.flair)
        #expect(first.labels == second.labels)
    }

    @Test("The head of seed 1 is the same on every machine")
    func golden() throws {
        #expect(Self.checksum(try Self.small()) == 0x9574_ACCE_888C_2B3B)
    }

    @Test("Different seeds make different heads")
    func differentSeeds() throws {
        let first = try Self.small(seed: 1)
        let second = try Self.small(seed: 2)
        #expect(first.flair != second.flair)
        #expect(first.labels != second.labels)
    }

    @Test("The arrays have the shape that was asked for")
    func shape() throws {
        let head = PhantomHead.generate(
            try PhantomParameters(seed: 9, columns: 48, rows: 56, slices: 31))
        #expect((head.columns, head.rows, head.slices) == (48, 56, 31))
        #expect(head.flair.count == 48 * 56 * 31)
        #expect(head.labels.count == 48 * 56 * 31)
    }

    @Test("Labels are those of BraTS and all of them occur", arguments: [UInt64(1), 2, 3, 4])
    func labelSet(seed: UInt64) throws {
        let head = try Self.small(seed: seed)
        #expect(Set(head.labels) == [0, 1, 2, 4])
    }

    @Test("A head asked to be healthy has no label and is otherwise the same person")
    func healthy() throws {
        let healthy = try Self.small(hasTumour: false)
        #expect(healthy.labels.allSatisfy { $0 == 0 })
        let ill = try Self.small()
        let same = zip(healthy.flair, ill.flair).filter { ($0 == 0) == ($1 == 0) }.count
        #expect(same > ill.flair.count * 97 / 100)
    }

    @Test("Everything outside the brain is exactly 0", arguments: [UInt64(1), 2, 3])
    func background(seed: UInt64) throws {
        let head = try Self.small(seed: seed)
        let filled = head.flair.filter { $0 != 0 }.count
        let share = Double(filled) / Double(head.flair.count)
        #expect(share > 0.13)
        #expect(share < 0.21)
        for z in 0..<head.slices {
            for y in 0..<head.rows {
                let row = (z * head.rows + y) * head.columns
                #expect(head.flair[row] == 0)
                #expect(head.flair[row + head.columns - 1] == 0)
            }
        }
        #expect(head.flair.allSatisfy { $0 >= 0 && $0 < 2500 })
    }

    @Test("No label lies outside the brain", arguments: [UInt64(1), 2, 3])
    func labelsInside(seed: UInt64) throws {
        let head = try Self.small(seed: seed)
        #expect(zip(head.flair, head.labels).allSatisfy { $0 > 0 || $1 == 0 })
    }

    @Test("The tumour is brighter than the tissue around it", arguments: [UInt64(1), 2, 3, 4])
    func bright(seed: UInt64) throws {
        let head = try Self.small(seed: seed)
        let oedema = Self.mean(head) { head.labels[$0] == 2 }
        let enhancing = Self.mean(head) { head.labels[$0] == 4 }
        // CSF is left out, so that what is compared with is parenchyma.
        let tissue = Self.mean(head) { head.labels[$0] == 0 && head.flair[$0] > 350 }
        #expect(oedema > 1.3 * tissue)
        #expect(enhancing > 1.3 * tissue)
    }

    @Test(
        "The tumour lies in one hemisphere and has a plausible size",
        arguments: [UInt64(1), 2, 3, 4])
    func tumourSize(seed: UInt64) throws {
        let head = try Self.small(seed: seed)
        let places = head.labels.indices.filter { head.labels[$0] != 0 }
        let left = places.filter { $0 % head.columns >= head.columns / 2 }.count
        #expect(max(left, places.count - left) * 10 > places.count * 9)
        // A voxel of this shape is 3.75 x 3.75 x 3.875 mm.
        let millilitres = Double(places.count) * 3.75 * 3.75 * 3.875 / 1000
        #expect(millilitres > 15)
        #expect(millilitres < 140)
    }

    @Test("The cerebellum lies low and behind, the frontal lobes lie in front")
    func orientation() throws {
        let head = try Self.small(hasTumour: false)
        func filled(rows: Range<Int>, slice: Int) -> Int {
            rows.reduce(0) { sum, y in
                let row = (slice * head.rows + y) * head.columns
                return sum + head.flair[row..<(row + head.columns)].filter { $0 > 0 }.count
            }
        }
        let low = head.slices / 8
        #expect(filled(rows: 32..<64, slice: low) > 4 * filled(rows: 0..<32, slice: low))
        let high = head.slices * 6 / 10
        #expect(filled(rows: 0..<32, slice: high) > filled(rows: 0..<32, slice: low) + 200)
    }

    @Test("The smallest and the flattest shapes still make a head")
    func extremes() throws {
        for (columns, rows, slices) in [(16, 16, 16), (128, 16, 16), (16, 96, 20)] {
            let head = PhantomHead.generate(
                try PhantomParameters(columns: columns, rows: rows, slices: slices))
            #expect(head.flair.contains { $0 > 0 })
        }
    }
}
