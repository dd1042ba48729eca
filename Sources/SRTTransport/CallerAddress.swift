internal import CSRT
internal import Glibc

/// The address that a caller comes from, without its port: an IPv4 address, or an IPv6 /64 network, of which one customer has all.
package struct CallerAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 6; 0 for anything else.
    package let version: Int
    /// The address's 32 bits, or the network's 64.
    package let bits: UInt64

    package init(version: Int, bits: UInt64) {
        self.version = version
        self.bits = bits
    }

    init(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            version = 4
            bits = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt64(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            let words = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { six in
                withUnsafeBytes(of: six.pointee.sin6_addr) { raw in
                    (
                        UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                        UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    )
                }
            }
            // An IPv4 address, as a socket for both sees it.
            let isMapped = words.0 == 0 && words.1 >> 32 == 0xffff
            version = isMapped ? 4 : 6
            bits = isMapped ? words.1 & 0xffff_ffff : words.0
        default: (version, bits) = (0, 0)
        }
    }

    package var description: String {
        switch version {
        case 4: [24, 16, 8, 0].map { String(bits >> UInt64($0) & 255) }.joined(separator: ".")
        case 6: [48, 32, 16, 0].map { String(bits >> UInt64($0) & 0xffff, radix: 16) }.joined(separator: ":") + "::/64"
        default: "-"
        }
    }
}
