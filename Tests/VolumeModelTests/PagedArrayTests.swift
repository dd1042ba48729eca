import Faults
import Foundation
import Testing
import VolumeModel

@Suite("Values too many for memory")
struct PagedArrayTests {
    /// Just beyond what lies in memory.
    private static let large = Paging.current.memoryLimit / 2 + 1000

    /// The line of this process's memory map with the array in it.
    private func mapping<Element>(_ array: PagedArray<Element>) throws -> String {
        let address = array.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let lines = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n")
        return String(
            try #require(
                lines.first { line in
                    let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
                    return ends.count == 2 && (ends[0]..<ends[1]).contains(address)
                }))
    }

    @Test("They lie in a file that has no name, and few lie in memory")
    func place() throws {
        let before = Set(try FileManager.default.contentsOfDirectory(atPath: Paging.current.folder))
        let large = try PagedArray<UInt16>(repeating: 7, count: Self.large)
        let line = try mapping(large)
        #expect(line.contains("rw-s") && line.hasSuffix("(deleted)"), "\(line)")
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: Paging.current.folder)).subtracting(before).allSatisfy {
                !$0.hasPrefix("fovea-")
            })
        #expect(large.count == Self.large && large.allSatisfy { $0 == 7 })
        let small = try PagedArray<UInt16>(repeating: 7, count: 1000)
        #expect(!(try mapping(small)).contains("rw-s"))
    }

    @Test("A copy keeps its values when the other one is changed, wherever they lie", arguments: [100, large])
    func copies(count: Int) throws {
        var first = try PagedArray<UInt16>(zeros: count)
        try first.withUnsafeMutableBufferPointer { $0[5] = 1 }
        var second = first
        let third = second
        try second.withUnsafeMutableBufferPointer { $0[5] = 2 }
        try first.withUnsafeMutableBufferPointer { $0[count - 1] = 9 }
        #expect(first[5] == 1 && second[5] == 2 && third[5] == 1)
        #expect(first[count - 1] == 9 && second[count - 1] == 0 && third[count - 1] == 0)
        #expect(first != second && second != third)
        try second.withUnsafeMutableBufferPointer { $0[5] = 1 }
        #expect(second == third)
    }

    @Test("Where there is no room for a copy, a change is refused, and both keep the values they share")
    func noRoomForACopy() throws {
        var paging = Paging.current
        paging.memoryLimit = 100
        var first = try Paging.$current.withValue(paging) { try PagedArray<UInt16>(repeating: 7, count: 1000) }
        let second = first
        paging.folder = "/nowhere"
        #expect {
            try Paging.$current.withValue(paging) { try first.withUnsafeMutableBufferPointer { _ in } }
        } throws: { ($0 as? VolumeError)?.code == .noRoom && "\($0)".contains("/nowhere") }
        #expect(first == second && first.allSatisfy { $0 == 7 })
        try first.withUnsafeMutableBufferPointer { _ in }
        // From here on there is nothing left to ask for.
        try Paging.$current.withValue(paging) { try first.withUnsafeMutableBufferPointer { $0[0] = 8 } }
        #expect(first[0] == 8 && second[0] == 7)
    }

    @Test("The last of a disk is left for others, and the refusal says how to choose another folder")
    func reserve() throws {
        var paging = Paging.current
        paging.memoryLimit = 100
        paging.diskReserve = .max / 2
        try Paging.$current.withValue(paging) {
            #expect { try PagedArray<UInt8>(zeros: 1000) } throws: {
                ($0 as? VolumeError)?.code == .noRoom && "\($0)".contains("TMPDIR")
            }
            var later = try PagedArray<UInt8>(zerosReservedLater: 1000)
            #expect(throws: VolumeError.self) { try later.reserve(500) }
            #expect(later.allSatisfy { $0 == 0 })
            later = try PagedArray(zeros: 100)
            #expect(later.count == 100)
        }
    }

    @Test("What is counted as memory and what as disk is what is taken of each")
    func counted() {
        #expect(Paging.current.memoryByteCount(1000) == 1000 && Paging.current.diskByteCount(1000) == 0)
        let large = Paging.current.memoryLimit + 1
        #expect(Paging.current.memoryByteCount(large) == 0 && Paging.current.diskByteCount(large) == large)
    }

    @Test("It is a collection as an array is")
    func collection() throws {
        let values = try PagedArray([3, 1, 2] as [UInt8])
        #expect(values == [3, 1, 2] && Array(values) == [3, 1, 2] && values.values(1..<3) == [1, 2])
        #expect(values.sorted() == [1, 2, 3] && values.map { $0 + 1 } == [4, 2, 3] && "\(values)" == "[3, 1, 2]")
        #expect(try PagedArray<UInt8>(zeros: 0).isEmpty && PagedArray([] as [Float]).withUnsafeBytes { $0.count } == 0)
    }
}
