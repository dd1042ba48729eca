internal import ArgumentParser
internal import NetSim
internal import LinkProfiles

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a program behind a simulated link.",
        discussion: """
            All IP traffic between the command and the server's end crosses the link, whatever the protocol. The two ends are network
            namespaces that nothing else sees; $NETSIM_CLIENT and $NETSIM_SERVER hold their addresses. Needs root or a kernel that
            lets users make namespaces, and /dev/net/tun. The exit status is the command's.

            With --serve the command starts once the server has a port open, at the latest after three seconds.

            Example: netsim run --link rural-4g --serve 'iperf3 -s' -- sh -c 'iperf3 -c $NETSIM_SERVER'
            """)

    @Option(help: ArgumentHelp("A link profile.", valueName: "name|file")) var link: String
    @Option(help: "Decides which packets are lost.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Write one line an event, in mahimahi's grammar.", valueName: "file")) var log: String?
    @Option(help: ArgumentHelp("A shell command to run at the server's end meanwhile.", valueName: "command")) var serve: String?
    @Argument(parsing: .postTerminator, help: "What to run at the client's end, behind '--'.") var command: [String]

    func validate() throws {
        if command.isEmpty { throw ValidationError("a command is missing: netsim run --link NAME -- COMMAND...") }
    }

    func run() throws {
        let run = LinkRun(link: try LinkProfile.load(link), seed: seed, log: log, server: serve, command: command)
        let outcome = try run.run()
        if let failure = outcome.counters.logFailure { throw failure }
        throw ExitCode(outcome.status)
    }
}
