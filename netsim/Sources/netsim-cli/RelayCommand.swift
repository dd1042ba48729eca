internal import ArgumentParser
internal import Dispatch
internal import Glibc
internal import NetSim
internal import LinkProfiles

struct RelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Relay UDP datagrams through a simulated link.",
        discussion: """
            Clients send to --listen; what they send goes to --to and the answers come back, each direction with the link's rate,
            delay, loss and queue. Runs until it is ended. The same seed and the same traffic lose the same datagrams.

            Example: netsim relay --listen 127.0.0.1:9711 --to 127.0.0.1:9710 --link rural-4g --seed 3 --log link.log
            """)

    @Option(help: ArgumentHelp("Where clients send to; port 0 lets the system choose.", valueName: "host:port")) var listen: String
    @Option(help: ArgumentHelp("Where the server is.", valueName: "host:port")) var to: String
    @Option(help: ArgumentHelp("A link profile.", valueName: "name|file")) var link: String
    @Option(help: "Decides which datagrams are lost.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Write one line an event, in mahimahi's grammar.", valueName: "file")) var log: String?
    @Option(
        help: ArgumentHelp("Give a client another port towards the server after this time, such as '10 s'.", valueName: "time"))
    var rebindEvery: TimeOption?
    @Flag(help: "Print one JSON object a line.") var json = false

    func run() throws {
        let relay = try UDPRelay(
            listen: HostPort(listen), to: HostPort(to), link: LinkProfile.load(link), seed: seed, log: log,
            rebindInterval: rebindEvery?.duration)
        let done = DispatchSemaphore(value: 0)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { done.signal() }
            source.resume()
            return source
        }
        try relay.start()
        say(
            json
                ? "{\"event\":\"listening\",\"port\":\(relay.boundPort)}"
                : "Relaying port \(relay.boundPort) to \(to) over \(link).")
        done.wait()
        sources.forEach { $0.cancel() }
        relay.stop()
        let counters = relay.counters
        say(json ? Self.line(counters) : "up: \(Self.sentence(counters.up))\ndown: \(Self.sentence(counters.down))")
        if let failure = counters.logFailure { throw failure }
    }

    private static func sentence(_ counters: LinkCounters) -> String {
        "\(counters.arrivedPacketCount) datagrams in, \(counters.departedPacketCount) out, \(counters.droppedPacketCount) dropped"
    }

    private static func line(_ counters: RelayCounters) -> String {
        func fields(_ counters: LinkCounters) -> String {
            "{\"arrived\":\(counters.arrivedPacketCount),\"departed\":\(counters.departedPacketCount),\"dropped\":\(counters.droppedPacketCount)}"
        }
        return "{\"event\":\"summary\",\"up\":\(fields(counters.up)),\"down\":\(fields(counters.down))}"
    }

    private func say(_ line: String) { NetSimProgram.write(line, to: 1) }
}
