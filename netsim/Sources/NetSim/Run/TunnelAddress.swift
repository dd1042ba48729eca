internal import CNetSim

/// The addresses at an end of a link between namespaces. They are seen nowhere else.
struct TunnelAddress {
    /// Bytes in the largest packet that an Ethernet carries, which most links are behind.
    static let mtu: Int32 = 1500
    /// A network of the two ends alone: 30 bits.
    static let mask: UInt32 = 0xFFFF_FFFC

    /// In host order.
    let ipv4: UInt32
    let ipv6: [UInt8]
    /// The environment variables under which programs find the addresses.
    let environment: [(name: String, value: String)]

    init(_ endpoint: Endpoint) {
        let number: UInt8 = endpoint == .client ? 1 : 2
        let name = endpoint == .client ? "NETSIM_CLIENT" : "NETSIM_SERVER"
        ipv4 = 0x0A4D_0000 | UInt32(number)
        ipv6 = [0xFD, 0x77] + [UInt8](repeating: 0, count: 13) + [number]
        environment = [(name, "10.77.0.\(number)"), ("\(name)_IPV6", "fd77::\(number)")]
    }
}
