internal import CSRT
internal import Glibc

/// Has the kernel drop the handshakes of addresses that flood, before libsrt makes a socket of each.
///
/// The program is of classic BPF, which sees a datagram from its UDP header on. It passes everything but conclusions of SRT's
/// handshake (a control packet of type 0 with request type -1), and of those it compares the source.
struct HandshakeFilter: ~Copyable {
    /// So many addresses are dropped at a time.
    static let addressLimit = 32

    /// A descriptor of its own for libsrt's socket: that one is closed whenever libsrt sees fit, and its number may become another's.
    private let descriptor: Int32
    private var current: Set<CallerAddress> = []

    init(of socket: Int32) { descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Drops the conclusions of these addresses, and of no others.
    mutating func drop(_ addresses: Set<CallerAddress>) {
        guard addresses != current, descriptor >= 0 else { return }
        current = addresses
        var program = Self.program(dropping: addresses)
        program.withUnsafeMutableBufferPointer { instructions in
            var fprog = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            // A kernel that refuses leaves the callers to the callback, which is dearer and as safe.
            setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, socklen_t(MemoryLayout<sock_fprog>.size))
        }
    }

    private static let networkHeader = UInt32(bitPattern: -0x100000)
    private static let udpHeaderByteCount: UInt32 = 8

    private static func program(dropping addresses: Set<CallerAddress>) -> [sock_filter] {
        let passes = statement(BPF_RET | BPF_K, .max)
        let drops = statement(BPF_RET | BPF_K, 0)
        var program = [
            statement(BPF_LD | BPF_W | BPF_LEN, 0), jump(BPF_JGE, udpHeaderByteCount + 64, 1, 0), passes,
            statement(BPF_LD | BPF_H | BPF_ABS, udpHeaderByteCount), jump(BPF_JEQ, 0x8000, 1, 0), passes,
            statement(BPF_LD | BPF_W | BPF_ABS, udpHeaderByteCount + 36), jump(BPF_JEQ, .max, 1, 0), passes,
            statement(BPF_LD | BPF_B | BPF_ABS, networkHeader), statement(BPF_ALU | BPF_RSH | BPF_K, 4),
        ]
        let four = addresses.filter { $0.version == 4 }.map { UInt32(truncatingIfNeeded: $0.bits) }
        let six = addresses.filter { $0.version == 6 }.map(\.bits)
        // Past IPv4's part: its load, two instructions an address, and its end. 64 are few enough for a jump.
        program.append(jump(BPF_JEQ, 4, 0, UInt8(2 + 2 * four.count)))
        program.append(statement(BPF_LD | BPF_W | BPF_ABS, networkHeader + 12))
        for address in four { program += [jump(BPF_JEQ, address, 0, 1), drops] }
        program.append(passes)
        for network in six {
            program += [
                statement(BPF_LD | BPF_W | BPF_ABS, networkHeader + 8), jump(BPF_JEQ, UInt32(network >> 32), 0, 3),
                statement(BPF_LD | BPF_W | BPF_ABS, networkHeader + 12),
                jump(BPF_JEQ, UInt32(truncatingIfNeeded: network), 0, 1), drops,
            ]
        }
        return program + [passes]
    }

    private static func statement(_ code: Int32, _ value: UInt32) -> sock_filter {
        sock_filter(code: UInt16(code), jt: 0, jf: 0, k: value)
    }
    private static func jump(_ condition: Int32, _ value: UInt32, _ ifTrue: UInt8, _ ifFalse: UInt8) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | condition | BPF_K), jt: ifTrue, jf: ifFalse, k: value)
    }
}
