internal import ArgumentParser
internal import NetSim

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw a link's log: throughput and queueing delay over time.",
        discussion: """
            Needs gnuplot. Shows, for each direction, what arrived and what left, the link's capacity where the log's header tells
            it, and below them how long packets spent on the link beyond its propagation delay.

            Example: netsim plot link.log --out link.svg
            """)

    @Argument(help: ArgumentHelp("What --log has written.", valueName: "log")) var log: String
    @Option(help: ArgumentHelp("Where the picture goes: .svg or .png.", valueName: "file")) var out: String

    func run() throws { try LinkPlot.draw(log: log, to: out) }
}
