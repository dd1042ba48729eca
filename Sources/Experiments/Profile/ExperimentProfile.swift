package import Profiles
package import StrictYAML
package import NetSim
package import ProgressiveCoding
package import VolumeModel
package import WireFormat

/// An experiment: which transfers to make, as the product of its lists. `profiles/experiments/NAME.yaml`; Docs/Experiments.md has
/// the grammar.
package struct ExperimentProfile: Sendable {
    /// The source of a volume.
    package enum Source: Sendable, Equatable {
        /// A generated head, its labels as the mask; columns x rows x slices.
        case phantom(seed: UInt64, columns: Int, rows: Int, slices: Int)
        /// A NIfTI file.
        case file(String, Region)
    }

    /// The way in which a file's region of interest is found.
    package enum Region: Sendable, Equatable {
        /// By the model that comes with the program.
        case model
        /// Voxels above zero in a file.
        case mask(String)
        /// A box.
        case box(Box)
    }

    /// A volume by name.
    package struct Subject: Sendable, Equatable {
        /// Name of the volume in tables.
        package let name: String
        /// The source of the volume.
        package let source: Source
    }

    /// An encoding or transport profile and the text it was read from.
    package struct Named<Value: Sendable>: Sendable {
        /// Name of the profile in tables.
        package let name: String
        /// The value that the text gives.
        package let value: Value
        /// The file's bytes.
        package let contents: [UInt8]
    }

    /// When chunks are ready in virtual time.
    package enum Coding: String, Sendable, CaseIterable {
        /// As on the machine that `CodingTimes.reference` was measured on: the same on every machine.
        case reference
        /// As this machine takes, measured once for each volume, encoding and order.
        case measured
        /// At once: what the link alone takes.
        case instant
    }

    /// Name of the file, without folder and ending.
    package let name: String
    /// The file.
    package let path: String
    /// The file's bytes.
    package let contents: [UInt8]
    /// A line for a person.
    package let title: String
    /// The question that is asked, in sentences.
    package let question: String
    /// The volumes to send.
    package let subjects: [Subject]
    /// The encodings that volumes are coded with.
    package let encodings: [Named<EncodingSettings>]
    /// The transport profiles, which set how the link is used.
    package let transports: [Named<TransportProfile>]
    /// Which chunk goes before which.
    package let orders: [TransmissionOrder]
    /// Over which links.
    package let links: [Named<LinkParameters>]
    /// The seeds that decide over losses, one transfer each.
    package let seeds: [UInt64]
    /// The goal, which sets how far transfers go.
    package let goal: Goal
    /// When chunks are ready in virtual time.
    package let coding: Coding
    /// Voxels added around a mask on every side.
    package let margin: Int
    /// True when the report sets the figures beside the published ones.
    package let isBesidePublished: Bool
    /// Remarks that a person should know about what was left out.
    package let remarks: [String]

    /// The most transfers one experiment may have.
    package static let cellLimit = 100_000

    /// Number of transfers.
    package var cellCount: Int {
        [subjects.count, encodings.count, transports.count, orders.count, links.count, seeds.count].reduce(1, *)
    }

    /// Reads an experiment by name or path.
    /// - Parameter data: a folder in which relative paths of volumes and traces are looked up where the profile's own does not
    ///   have them.
    /// - Throws: `ProfileError`, with file and line.
    package static func load(_ nameOrPath: String, data: String? = nil) throws(ProfileError) -> ExperimentProfile {
        let path = try ProfileFolder.experiments.path(nameOrPath)
        var reader = ExperimentReader(root: try ProfileNode.read(path), path: path, data: data)
        return try reader.read()
    }
}

extension ExperimentProfile {
    init(_ reader: ExperimentReader, path: String, contents: [UInt8]) {
        name = ExperimentReader.stem(path)
        self.path = path
        self.contents = contents
        title = reader.title
        question = reader.question
        subjects = reader.subjects
        encodings = reader.encodings
        transports = reader.transports
        orders = reader.orders
        links = reader.links
        seeds = reader.seeds
        goal = reader.goal
        coding = reader.coding
        margin = reader.margin
        isBesidePublished = reader.isBesidePublished
        remarks = reader.remarks
    }
}
