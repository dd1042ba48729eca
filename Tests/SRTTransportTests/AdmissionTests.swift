import Testing

import SRTTransport

@Suite("Who gets as far as proving what it knows")
struct AdmissionTests {
    private var limits: AdmissionLimits {
        var limits = AdmissionLimits()
        (limits.addressBurst, limits.addressPerSecond) = (4, 2)
        (limits.totalBurst, limits.totalPerSecond) = (10, 5)
        (limits.silentCount, limits.addressCount) = (3, 8)
        return limits
    }

    private func admitted(
        _ ledger: inout AdmissionLedger<Int, String>, _ callers: Range<Int>, from address: String, at seconds: Double
    )
        -> Int
    {
        var count = 0
        for caller in callers where ledger.admit(caller, from: address, now: .seconds(seconds)) { count += 1 }
        return count
    }

    private func admit(_ ledger: inout AdmissionLedger<Int, String>, _ caller: Int, from address: String, at now: Duration) -> Bool
    {
        ledger.admit(caller, from: address, now: now)
    }

    @Test("An address that tries on and on is held to its pace")
    func pace() {
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        #expect(admitted(&ledger, 0..<100, from: "a", at: 0) == 4)
        #expect(admitted(&ledger, 100..<200, from: "a", at: 1) == 2)
        // An hour of silence saves up no more than the burst.
        #expect(admitted(&ledger, 200..<300, from: "a", at: 3600) == 4)
    }

    @Test("A flood from one address leaves the others as they were")
    func others() {
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        for tenth in 0..<100 { _ = admitted(&ledger, tenth * 100..<tenth * 100 + 100, from: "flood", at: Double(tenth) / 10) }
        #expect(admitted(&ledger, -4..<0, from: "honest", at: 10) == 4)
    }

    @Test("Sites behind one address never run out for each other, however many have said a verified hello")
    func sharedAddress() {
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        for caller in 0..<100 {
            let isAdmitted = ledger.admit(caller, from: "nat", now: .zero)
            #expect(isAdmitted, "caller \(caller)")
            _ = ledger.establish(caller)
            ledger.verify(caller)
        }
        // Saying it again, or leaving, gives nothing more.
        for caller in 0..<100 {
            ledger.verify(caller)
            ledger.remove(caller)
        }
        #expect(admitted(&ledger, 1000..<1100, from: "nat", at: 0) == 4)
    }

    @Test("A crowd of addresses is held to one pace, and does not keep out an address that has had a session")
    func crowd() {
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        #expect(admit(&ledger, -1, from: "known", at: .zero))
        _ = ledger.establish(-1)
        ledger.verify(-1)
        ledger.remove(-1)
        var crowd = 0
        for caller in 0..<100 where ledger.admit(caller, from: "stranger \(caller % 7)", now: .zero) { crowd += 1 }
        #expect(crowd == 10)
        #expect(!admit(&ledger, 200, from: "stranger 1", at: .zero))
        #expect(admit(&ledger, 201, from: "known", at: .zero))
    }

    @Test("No more addresses are remembered than may be, and those that have long been quiet make room")
    func memory() {
        var limits = limits
        limits.totalBurst = 1000
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        for index in 0..<8 {
            #expect(admit(&ledger, index, from: "stranger \(index)", at: .zero))
            ledger.remove(index)
        }
        #expect(!admit(&ledger, 8, from: "one more", at: .zero))
        #expect(admit(&ledger, 9, from: "one more", at: .seconds(10)))
    }

    @Test("Of too many silent connections the oldest of the busiest address makes room, and never one that has said hello")
    func silent() {
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        func come(_ caller: Int, from address: String) -> Int? {
            let isAdmitted = ledger.admit(caller, from: address, now: .seconds(caller))
            #expect(isAdmitted)
            return ledger.establish(caller)
        }
        #expect(come(0, from: "honest") == nil)
        #expect(come(1, from: "session") == nil)
        ledger.verify(1)
        #expect(come(2, from: "flood") == nil)
        #expect(come(3, from: "flood") == nil)
        // 0 is older, and the only one of its address.
        #expect(come(4, from: "flood") == 2)
        ledger.remove(2)
        #expect(come(5, from: "flood") == 3)
        ledger.remove(3)
        // A connection that is gone needs no one to make room for it.
        ledger.remove(4)
        #expect(come(6, from: "other") == nil)
        // One each: then the oldest of all.
        #expect(come(7, from: "another") == 0)
    }

    @Test("An address that is refused on and on is dropped unseen for a while, and then looked at again")
    func flooding() {
        var limits = limits
        (limits.floodCount, limits.floodPause) = (20, .seconds(1))
        var ledger = AdmissionLedger<Int, String>(limits, now: .zero)
        #expect(admitted(&ledger, 0..<14, from: "hasty", at: 0) == 4)
        #expect(admitted(&ledger, 100..<130, from: "flood", at: 0) == 4)
        let flooding = ledger.flooding(limit: 8, now: .zero)
        #expect(flooding == ["flood"])
        let later = ledger.flooding(limit: 8, now: .milliseconds(999))
        #expect(later == ["flood"])
        let after = ledger.flooding(limit: 8, now: .seconds(1))
        #expect(after.isEmpty)
        #expect(admitted(&ledger, 200..<230, from: "flood", at: 1) == 2)
    }
}
