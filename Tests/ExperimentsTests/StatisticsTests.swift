import Experiments
import Testing

@Suite("Medians and how sure they are")
struct StatisticsTests {
    @Test("The median is the middle value, or between the two middle ones")
    func median() {
        #expect(Statistics.median([]) == nil)
        #expect(Statistics.median([4]) == 4)
        #expect(Statistics.median([9, 1, 5]) == 5)
        #expect(Statistics.median([4, 1, 3, 2]) == 2.5)
    }

    @Test("The interval is the narrowest of two order statistics that covers 95 %; its coverage is what binomial tables say")
    func interval() throws {
        // Conover, table A3: with n = 11 the second and the tenth value cover 0.988, the third and the ninth 0.935.
        let eleven = try #require(Statistics.estimate((1...11).map(Double.init).reversed()))
        #expect(eleven.low == 2 && eleven.high == 10 && eleven.median == 6)
        #expect(abs(eleven.coverage - 0.98828125) < 1e-9)
        let twenty = try #require(Statistics.estimate((1...20).map(Double.init)))
        #expect(twenty.low == 6 && twenty.high == 15)
        #expect(abs(twenty.coverage - 0.9586105) < 1e-6)
    }

    @Test("Below six values the interval is all of them, and says that it covers less")
    func few() throws {
        let five = try #require(Statistics.estimate([3, 1, 2, 5, 4]))
        #expect(five.low == 1 && five.high == 5 && abs(five.coverage - 0.9375) < 1e-9)
        let six = try #require(Statistics.estimate([3, 1, 2, 5, 4, 6]))
        #expect(six.low == 1 && six.high == 6 && six.coverage >= 0.95)
        let one = try #require(Statistics.estimate([7]))
        #expect(one.low == 7 && one.high == 7 && one.coverage == 0)
    }

    @Test("The distribution rises by one share a value to 1")
    func distribution() {
        let steps = Statistics.distribution([2, 1, 2, 4])
        #expect(steps.map(\.value) == [1, 2, 2, 4])
        #expect(steps.map(\.share) == [0.25, 0.5, 0.75, 1])
    }
}
