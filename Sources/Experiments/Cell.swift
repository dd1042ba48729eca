package import NetSim
package import Profiles
package import ProgressiveCoding

/// The way in which transfers are made.
package enum Mode: String, Sendable, CaseIterable {
    /// In virtual time, over netsim's model.
    case virtual
    /// Over SRT sockets on this machine, through netsim's relay.
    case real
}

/// One transfer of an experiment.
package struct Cell: Sendable {
    /// Its place in the experiment, from 0.
    package let index: Int
    /// Index in the experiment's list of the volume that is sent.
    let subject: Int
    /// The encoding that the volume is coded with.
    package let encoding: ExperimentProfile.Named<EncodingSettings>
    /// The transport profile, which sets how the link is used.
    package let transport: ExperimentProfile.Named<TransportProfile>
    /// Which chunk goes before which.
    package let order: TransmissionOrder
    /// The link between the ends.
    package let link: ExperimentProfile.Named<LinkParameters>
    /// Decides over what the link does at random.
    package let seed: UInt64

    /// Every transfer of an experiment: volumes, encodings, orders, transports, links, seeds, the last changing fastest.
    static func all(of profile: ExperimentProfile) -> [Cell] {
        var cells: [Cell] = []
        for subject in profile.subjects.indices {
            for encoding in profile.encodings {
                for order in profile.orders {
                    for transport in profile.transports {
                        for link in profile.links {
                            for seed in profile.seeds {
                                cells.append(
                                    Cell(
                                        index: cells.count, subject: subject, encoding: encoding, transport: transport,
                                        order: order,
                                        link: link, seed: seed))
                            }
                        }
                    }
                }
            }
        }
        return cells
    }
}

extension LinkParameters {
    /// Both one-way delays, in milliseconds.
    var roundTripMilliseconds: Double { (up.delay + down.delay) / .milliseconds(1) }
    /// The share of the sender's packets lost at random.
    var lossShare: Double { up.lossProbability }
}
