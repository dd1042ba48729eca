import Congestion
import Testing

@Suite("Pacer")
struct PacerTests {
    /// 1500 bytes take 12 ms; the bucket holds two such datagrams.
    private func makePacer() -> Pacer { Pacer(bitsPerSecond: 1e6, capacity: 3000, now: .zero) }

    @Test("A full bucket lets its capacity go at once, and then one datagram each time its bytes have flowed in")
    func rate() {
        var pacer = makePacer()
        #expect(pacer.allowance(datagramByteCount: 1500, now: .zero) == 2)
        pacer.spend(byteCount: 3000)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .zero) == 0)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(11)) == 0)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(13)) == 1)
        pacer.spend(byteCount: 1500)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(23)) == 0)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(25)) == 1)
    }

    @Test("Over ten seconds no more than the rate and one bucket goes, however often one asks", arguments: [1, 7, 24])
    func longRun(stepMilliseconds: Int) {
        var pacer = makePacer()
        var byteCount = 0
        for milliseconds in stride(from: 0, through: 10_000, by: stepMilliseconds) {
            let count = pacer.allowance(datagramByteCount: 1500, now: .milliseconds(milliseconds))
            pacer.spend(byteCount: count * 1500)
            byteCount += count * 1500
        }
        #expect(byteCount <= 1_250_000 + 3000 && byteCount > 1_240_000, "\(byteCount)")
    }

    @Test("An idle bucket fills to its capacity and no further, and time that goes back does no harm")
    func idle() {
        var pacer = makePacer()
        #expect(pacer.allowance(datagramByteCount: 1500, now: .seconds(60)) == 2)
        pacer.spend(byteCount: 3000)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .seconds(30)) == 0)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .seconds(60) + .milliseconds(13)) == 1)
    }

    @Test("What the transport repeats is taken from what may go, down to one bucket below empty")
    func repeats() {
        var pacer = makePacer()
        pacer.spend(byteCount: 1_000_000)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(35)) == 0)
        #expect(pacer.allowance(datagramByteCount: 1500, now: .milliseconds(37)) == 1)
    }
}
