import Faults
import Bytes
import Testing
import WireFormat

@Suite("The limits of what resumes and repairs")
struct ResumingLimitTests {
    private func code(_ bytes: [UInt8]) -> FormatError.Code? { refusal { _ = try Datagram(decoding: bytes) }?.code }

    private func page(_ runs: [Holdings.Run], page: UInt16 = 0, of pageCount: UInt16 = 1) -> [UInt8] {
        Datagram.holdings(Holdings(answer: 0, page: page, pageCount: pageCount, runs: runs)).encoded()
    }

    @Test("A full page of holdings and its seal fit into a datagram, and one run more is refused")
    func fullPage() {
        let run = Holdings.Run(ordinal: 1, totalByteCount: 1, pieces: 0..<1)
        let full = page([Holdings.Run](repeating: run, count: Holdings.runLimit))
        #expect(code(full) == nil)
        #expect(full.count + Datagram.sealByteCount <= WireLimits.datagramByteCount)
        #expect(full.count + Datagram.sealByteCount > WireLimits.datagramByteCount - 16)
        #expect(code(page([Holdings.Run](repeating: run, count: Holdings.runLimit + 1))) == .limitExceeded)
        #expect(code(hex("f5 02 0b 00000000 0000 0001 ffffffff")) == .limitExceeded, "more runs than a number can count")
        #expect(code(hex("f5 02 0b 00000000 0000 0001 00000002 00000001 00000001 00000000 00000001")) == .truncated)
        #expect(code(page([])) == nil)
    }

    @Test("A page past the last and more pages than an answer has are refused")
    func pages() {
        #expect(code(page([], page: 1023, of: 1024)) == nil)
        #expect(code(page([], page: 0, of: 1025)) == .limitExceeded)
        #expect(code(page([], page: 1, of: 1)) == .limitExceeded)
        #expect(code(page([], page: 0, of: 0)) == .limitExceeded)
        let welcome = { (pageCount: UInt32) in
            Datagram.welcome(Welcome(standing: .fresh, nonce: [], manifestDigest: nil, pageCount: pageCount)).encoded()
        }
        #expect(code(welcome(1024)) == nil)
        #expect(code(welcome(1025)) == .limitExceeded)
        #expect(code(welcome(.max)) == .limitExceeded)
    }

    @Test("Pieces that a chunk does not have are refused")
    func runs() {
        func code(_ ordinal: UInt32, _ total: UInt32, _ start: UInt32, _ end: UInt32) -> FormatError.Code? {
            let fields = [ordinal, total, start, end].flatMap { field in
                stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: field >> UInt32($0)) }
            }
            return self.code(hex("f5 02 0b 00000000 0000 0001 00000001") + fields)
        }
        #expect(code(16_383, 1421, 0, 1) == nil)
        #expect(code(16_384, 1421, 0, 1) == .invalidField)
        #expect(code(0, 1421, 0, 2) == .invalidField)
        #expect(code(0, 1422, 0, 2) == nil)
        #expect(code(0, 1422, 1, 1) == .invalidField)
        #expect(code(0, 1422, 2, 1) == .invalidField)
        #expect(code(0, 0, 0, 1) == .invalidField)
        #expect(code(0, 64 << 20, 0, .max) == .invalidField)
        #expect(code(0, (64 << 20) + 1, 0, 1) == .invalidField)
    }

    @Test("Parity of a block or of a chunk that cannot be is refused")
    func parity() {
        func code(_ ordinal: UInt32 = 1, _ total: UInt32, block: UInt16 = 0, index: UInt8 = 0, count: Int = 1421) -> FormatError
            .Code?
        {
            self.code(
                Datagram.parity(
                    Parity(
                        ordinal: ordinal, totalByteCount: total, block: block, index: index, departureMicroseconds: 0,
                        payload: [UInt8](repeating: 1, count: count)[...])
                ).encoded())
        }
        #expect(code(1, 1) == nil)
        #expect(code(16_384, 1) == .invalidField)
        #expect(code(1, 0) == .invalidField)
        #expect(code(1, 64 << 20) == nil)
        #expect(code(1, (64 << 20) + 1) == .invalidField)
        // 128 pieces are a block.
        #expect(code(1, 128 * 1421, block: 1) == .invalidField)
        #expect(code(1, 128 * 1421 + 1, block: 1) == nil)
        #expect(code(1, 64 << 20, block: .max) == .invalidField)
        #expect(code(1, 1, index: 126) == nil)
        #expect(code(1, 1, index: 127) == .invalidField)
        #expect(code(1, 1, count: 1420) == .invalidField)
        #expect(code(1, 1, count: 1422) == .invalidField)
        let full = Datagram.parity(
            Parity(
                ordinal: 1, totalByteCount: 1, block: 0, index: 0, departureMicroseconds: 0,
                payload: [UInt8](repeating: 1, count: 1421)[...]))
        #expect(full.encoded().count + Datagram.sealByteCount <= WireLimits.datagramByteCount)
    }

    @Test("Reports of more than any link carries are refused")
    func reports() {
        func code(_ change: (inout Report) -> Void) -> FormatError.Code? {
            var report = Samples.report
            change(&report)
            return self.code(Datagram.report(report).encoded())
        }
        #expect(code { $0.receivedByteCount = 1 << 52 - 1 } == nil)
        #expect(code { $0.receivedByteCount = 1 << 52 } == .limitExceeded)
        #expect(code { $0.receivedDatagramCount = 1 << 48 - 1 } == nil)
        #expect(code { $0.receivedDatagramCount = 1 << 48 } == .limitExceeded)
        #expect(code { $0.lastArrivalMicroseconds = 1 << 56 - 1 } == nil)
        #expect(code { $0.lastArrivalMicroseconds = 1 << 56 } == .limitExceeded)
    }

    @Test("Random bytes of another length are filled or cut, so that every hello and welcome can be read")
    func nonces() throws {
        for count in [0, 15, 16, 17, 400] {
            let nonce = [UInt8](repeating: 7, count: count)
            let hello = Datagram.hello(
                Hello(
                    session: try Name("n"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
                    nonce: nonce))
            let welcome = Datagram.welcome(Welcome(standing: .fresh, nonce: nonce, manifestDigest: nil, pageCount: 0))
            #expect(try Datagram(decoding: hello.encoded()) == hello)
            #expect(try Datagram(decoding: welcome.encoded()) == welcome)
        }
    }
}
