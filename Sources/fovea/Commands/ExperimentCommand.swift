internal import FoveaKit
internal import ArgumentParser
internal import Experiments
internal import Foundation
internal import Profiles
internal import Terminal

struct ExperimentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Make many transfers and measure them: tables, figures and a report.",
        discussion: """
            FILE says what is sent, how it is coded, in which order, over which links and with which seeds (Docs/Experiments.md); a name is one of
            profiles/experiments. Transfers go over real SRT sockets and a simulated link on this machine, or with --virtual in virtual time:
            then the same experiment gives the same results, byte for byte. A transfer whose result is in DIR/results.jsonl is not
            made again, so an experiment that was stopped goes on where it was.

            DIR/report.html is for a person, DIR/results.csv and DIR/summary.csv are for other programs.

            Example: fovea experiment roi-first-vs-fifo --virtual --out experiment-out
            """)

    @Argument(help: ArgumentHelp("An experiment profile.", valueName: "name|file")) var file: String
    @Option(help: ArgumentHelp("Where results, figures and the report go.", valueName: "dir")) var out: String
    @Flag(help: "In virtual time, over a model of the link and of SRT.") var virtual = false
    @Option(
        help: ArgumentHelp(
            "Where volumes and traces are that the profile names and its own folder does not have; FOVEA_DATA by default.",
            valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Make only these transfers, and no report: numbers and ranges such as 0,4-9.", valueName: "list"))
    var cells: String?
    @Flag(help: "List the transfers and make none.") var list = false
    @Flag(help: "Make tables, figures and report of results that are there, and no transfer.") var gather = false
    @Flag(help: "With --virtual, keep each link's log of every packet.") var linkLogs = false
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard [cells != nil, list, gather].filter({ $0 }).count <= 1 else {
            throw ValidationError("give one of --cells, --list and --gather")
        }
        guard !linkLogs || virtual else {
            throw ValidationError("--link-logs goes with --virtual; netsim relay --log keeps a real one")
        }
        _ = try chosen()
    }

    /// The numbers of `--cells`.
    private func chosen() throws -> [Int]? {
        guard let cells else { return nil }
        var numbers: Set<Int> = []
        for part in cells.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, 0 <= first, first <= last,
                last < ExperimentProfile.cellLimit
            else { throw ValidationError("'\(cells)' is no list of cells: write numbers and ranges such as 0,4-9") }
            numbers.formUnion(first...last)
        }
        return numbers.sorted()
    }

    func run() async throws {
        let console = Console(isJSON: output.json)
        let folder = data ?? ProcessInfo.processInfo.environment["FOVEA_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        let profile = try ExperimentProfile.load(file, data: folder)
        for remark in profile.remarks { console.remark(remark) }
        var options = Laboratory.Options(folder: out, mode: virtual ? .virtual : .real)
        options.cells = try chosen()
        options.recordsLinks = linkLogs
        let laboratory = try Laboratory(profile, options)
        if list {
            for row in try laboratory.list() { output.json ? print(row.json) : console.say(row.listing) }
            return
        }
        var made = 0
        var failed = 0
        if !gather {
            (made, failed) = try await untilSignalled {
                try await laboratory.run { progress in
                    console.progress(
                        WorkProgress(
                            "transfers", share: Double(progress.finished) / Double(max(1, progress.total)),
                            notes: ["\(progress.finished) of \(progress.total)", progress.label]),
                        ["finished": .integer(progress.finished), "total": .integer(progress.total)])
                }
            }
            console.clearBar()
        }
        var fields: [String: JSONValue] = [
            "experiment": .text(profile.name), "mode": .text(options.mode.rawValue), "made": .integer(made),
            "failed": .integer(failed),
            "cells": .integer(options.cells?.count ?? laboratory.cells.count), "out": .text(out),
        ]
        guard options.cells == nil else {
            console.say("\(made) transfers made. Tables and report: the same command with --gather.")
            console.event("summary", fields)
            return
        }
        let gathered = try laboratory.gather()
        console.say(gathered.table)
        for remark in gathered.remarks { console.remark(remark) }
        if failed > 0 { console.remark("\(failed) transfers ended early; their lines in results.csv say why") }
        console.say(
            "\nReport: \(gathered.report)\nPreviews are not for diagnosis; Fovea prioritises transmission and diagnoses nothing.")
        fields["report"] = .text(gathered.report)
        fields["figures"] = .list(gathered.figures.map { .text($0) })
        console.event("summary", fields)
    }
}
