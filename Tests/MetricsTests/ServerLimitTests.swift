import Metrics
import TestSupport
import Testing

@Suite("Clients that are slow, silent or many")
struct ServerLimitTests {
    private func isAnswered(_ port: UInt16) async -> Bool {
        await RawClient.get(port, "/metrics")?.hasPrefix("HTTP/1.1 200 OK\r\n") == true
    }

    @Test("Fifty connections that say nothing do not stop a GET")
    func idle() async throws {
        let hasAnswer = try await withServer(of: MetricsStore()) { port in
            let idle = (0..<50).compactMap { _ in RawClient(port: port) }
            defer { idle.forEach { $0.close() } }
            #expect(idle.count == 50)
            return await isAnswered(port)
        }
        #expect(hasAnswer)
    }

    @Test("Where there are too many, the oldest make room")
    func oldestGo() async throws {
        let (hasAnswer, first) = try await withServer(of: MetricsStore(), connectionLimit: 4) { port in
            let idle = (0..<100).compactMap { _ in RawClient(port: port) }
            defer { idle.forEach { $0.close() } }
            let first = await onThread { idle.first?.receive() }
            // Those that were told to go need a moment to be gone.
            var hasAnswer = false
            for _ in 0..<100 where !hasAnswer {
                hasAnswer = await isAnswered(port)
                if !hasAnswer { try? await Task.sleep(for: .milliseconds(20)) }
            }
            return (hasAnswer, first)
        }
        #expect(hasAnswer)
        #expect(first == "")
    }

    @Test(
        "A client that does not come to the end of its request is cut off",
        arguments: ["", "GET", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nA: b\r\n"])
    func unfinished(request: String) async throws {
        let answer = try await withServer(of: MetricsStore(), timeout: .milliseconds(200)) { await RawClient.ask($0, request) }
        #expect(answer == "")
    }

    @Test("A client that keeps its connection after the answer is cut off")
    func lingering() async throws {
        let (answer, wasCutOff) = try await withServer(of: MetricsStore(), timeout: .seconds(4)) { port in
            await onThread { () -> (String?, Bool) in
                guard let client = RawClient(port: port) else { return (nil, false) }
                defer { client.close() }
                client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
                let answer = client.receive()
                // A gentle end lets a client go on sending; after the cut that fails. However long a busy machine takes for it.
                var wasCutOff = false
                for _ in 0..<6000 where !wasCutOff { wasCutOff = !client.send("x") || !client.wait(milliseconds: 20) }
                return (answer, wasCutOff)
            }
        }
        #expect(answer?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
        #expect(wasCutOff)
    }

    @Test("A request that does not end is refused")
    func endless() async throws {
        let (line, headers) = try await withServer(of: MetricsStore()) { port in
            (
                await RawClient.ask(port, String(repeating: "a", count: 100_000)),
                await RawClient.ask(port, "GET /metrics HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 20_000))
            )
        }
        #expect(line?.hasPrefix("HTTP/1.1 431 ") == true)
        #expect(headers?.hasPrefix("HTTP/1.1 431 ") == true)
    }

    @Test("Clients that send and send without a line's end do not stop a GET")
    func flood() async throws {
        let hasAnswer = try await withServer(of: MetricsStore()) { port in
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        await onThread {
                            guard let client = RawClient(port: port) else { return }
                            defer { client.close() }
                            let text = String(repeating: "a", count: 1 << 20)
                            for _ in 0..<16 where !client.send(text) { return }
                        }
                    }
                }
            }
            return await isAnswered(port)
        }
        #expect(hasAnswer)
    }

    @Test("A long answer arrives whole")
    func longAnswer() async throws {
        let store = MetricsStore()
        for number in 0..<2000 { store.update(SessionMetrics(session: "case-\(number)", role: .receiver)) }
        let answer = try await withServer(of: store) { await RawClient.get($0, "/metrics") }
        #expect(answer?.hasSuffix(store.prometheus()) == true)
    }

    @Test("A thousand requests, eight at a time, are all answered")
    func many() async throws {
        let count = try await withServer(of: MetricsStore()) { port in
            await withTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var count = 0
                        for _ in 0..<125 where await isAnswered(port) { count += 1 }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(count == 1000)
    }
}
