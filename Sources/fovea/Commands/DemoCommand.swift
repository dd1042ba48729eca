internal import FoveaKit
internal import EncodingInput
internal import Concurrency
internal import Receiver
internal import LinkProfiles
internal import ArgumentParser
internal import Experiments
internal import Foundation
internal import LiveView
internal import NetSim
internal import Phantom
internal import Profiles
internal import ProgressiveCoding
internal import Terminal

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Send a volume to yourself over a simulated thin link and see when what arrives.",
        discussion: """
            Sender, link and receiver run on this machine, over real SRT sockets. The same volume is sent twice: region of interest
            first, and slice by slice as a tool without priorities would. A table and a picture compare the two. With --view a page shows
            both as they arrive: the demo waits up to a minute for it to be opened, and leaves it there until it is stopped.

            Example: fovea demo --link geo-satellite --out demo-out
            """)

    @Option(help: ArgumentHelp("A NIfTI volume; a phantom by default.", valueName: "volume")) var input: String?
    @OptionGroup var region: RegionOptions
    @OptionGroup var coding: CodingOptions
    @Option(help: ArgumentHelp("A link profile.", valueName: "name|file")) var link = "rural-4g"
    @Option(help: ArgumentHelp("Where the received volumes and the picture go.", valueName: "dir")) var out = "demo-out"
    @Option(help: "Decides the phantom and which datagrams the link loses.") var seed: UInt64 = 1
    @OptionGroup var view: ViewOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let clock = Stopwatch()
        let link = try LinkProfile.load(link)
        var region = region
        var volume = input
        if volume == nil {
            console.progress(WorkProgress("making a phantom", share: 0), ["stage": .text("phantom")])
            let files = try PhantomFiles.write(try PhantomParameters(seed: seed), to: out)
            console.finishProgress("making a phantom")
            volume = files.volume
            if region.mask == nil, region.box == nil, region.model == nil { region.mask = files.labels }
        }
        guard let volume else { return }
        let preparation = try coding.preparation([volume], region)
        let out = out
        let seed = seed
        let site = ReceivingSite(folder: "\(out)/received", transport: TransportProfile())
        try await untilSignalled { [view] in
            try await view.run(console, site) { site, store, show in
                await store?.awaitVisit(for: .seconds(60))
                var runs: [DemoRun] = []
                for order in [TransmissionOrder.roiFirst, .fifo] {
                    var preparation = preparation
                    preparation.order = order
                    runs.append(
                        try await DemoRun.perform(
                            preparation, link: link, folder: site.folder, seed: seed, console: console,
                            clock: clock, show: DemoShow(site: site, onEvent: show)))
                }
                try Self.report(runs, link: link, volume: volume, out: out, console)
                if store != nil { await Self.stay(console) }
            }
        }
    }

    /// Leaves the view where it is until the command is stopped.
    private static func stay(_ console: Console) async {
        console.say("\nThe view stays until you stop the command (Ctrl-C).")
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    private static func report(_ runs: [DemoRun], link: LinkParameters, volume: String, out: String, _ console: Console) throws {
        let report = try DemoReport(runs: runs, link: link, volumePath: volume)
        let picture = "\(out)/progression.png"
        try ProgressionPicture(runs: runs).write(to: picture)
        console.say(report.text)
        console.say(
            "\nPicture: \(picture)\nReceived volumes: \(out)/received\n\nPreviews are not for diagnosis; Fovea prioritises transmission and diagnoses nothing."
        )
        console.event("summary", report.fields(picture: picture))
    }
}
