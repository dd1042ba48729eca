internal import ArgumentParser
internal import NetSim
internal import LinkProfiles

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Measure whether the relay does what a link asks of it.",
        discussion: """
            Sends datagrams over loopback through the relay, one direction after the other. Fails with exit status 1, and says why,
            when the rate is off by more than 0.5 % (2 % from 300 Mbit/s on; a trace is carried to the packet), when half of the packets
            are not within 0.3 ms of their ideal times or 99 of 100 not within 2 ms, or when the loss or the mean length of its bursts
            is off by more than three standard deviations.

            Example: netsim check --link rural-4g --seconds 20
            """)

    @Option(help: ArgumentHelp("A link profile.", valueName: "name|file")) var link: String
    @Option(help: "How long each direction is measured.") var seconds: Double = 10
    @Option(help: "Decides which packets are lost.") var seed: UInt64 = 1
    @Flag(help: "Print one JSON object a line.") var json = false

    func run() throws {
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds is from 1 to 600, not \(seconds)") }
        let check = try LinkCheck(link: LinkProfile.load(link), seed: seed, duration: .seconds(seconds))
        var reports: [CheckReport] = []
        for heading in Heading.allCases {
            let report = try check.run(heading)
            reports.append(report)
            if !json { NetSimProgram.write(CheckText.sentences(report), to: 1) }
        }
        if json { NetSimProgram.write(CheckText.summary(reports), to: 1) }
        let shortcomings = reports.flatMap { report in report.shortcomings.map { "\(report.heading.rawValue): \($0)" } }
        guard shortcomings.isEmpty else {
            NetSimProgram.write("netsim: \(link) falls short: \(shortcomings.joined(separator: "; "))", to: 2)
            throw ExitCode(1)
        }
    }
}
