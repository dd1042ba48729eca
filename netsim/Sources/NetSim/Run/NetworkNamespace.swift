internal import CNetSim
import Glibc

/// A network namespace that nothing else is in, with loopback and one TUN device. Both go when the last reference goes and
/// every process in it has ended.
final class NetworkNamespace {
    /// Stands for the namespace where programs are started in it.
    let descriptor: Int32
    /// Gives the IP packets that are sent in the namespace, one a read, and takes those that are to arrive there.
    let tunnel: Int32
    /// The inode number by which the kernel knows the namespace.
    private let inode: ino_t

    private static let deviceName = "netsim"
    /// Room for the bursts of a fast sender while the relay waits for its turn.
    private static let deviceQueueLength: Int32 = 10_000

    /// Moves the calling thread to a new namespace and sets it up; the caller moves it back where it must.
    init(_ address: TunnelAddress) throws {
        guard netsim_unshare_network() == 0 else {
            throw NetSimError.system(.notPermitted, "the kernel does not permit network namespaces here")
        }
        let descriptor = netsim_network_open()
        guard descriptor >= 0 else { throw NetSimError.system(.notPermitted, "/proc/thread-self/ns/net: cannot be opened") }
        let tunnel = netsim_tunnel_open(Self.deviceName)
        let number = errno
        var status = stat()
        fstat(descriptor, &status)
        (self.descriptor, self.tunnel, inode) = (descriptor, tunnel, status.st_ino)
        errno = number
        guard tunnel >= 0 else {
            throw NetSimError.system(.notPermitted, "the kernel does not permit TUN devices (/dev/net/tun) here")
        }
        // Without a link-local address the kernel has nothing to say on its own account, and the link is the programs' alone.
        Self.write("1", to: "/proc/sys/net/ipv6/conf/\(Self.deviceName)/addr_gen_mode")
        guard netsim_loopback_start() == 0,
            netsim_device_start(
                Self.deviceName, address.ipv4, TunnelAddress.mask, TunnelAddress.mtu, Self.deviceQueueLength) == 0
        else {
            throw NetSimError.system(.notPermitted, "the kernel refuses to set up a TUN device")
        }
        // A kernel without IPv6 carries IPv4 all the same.
        _ = netsim_device_add_ipv6(Self.deviceName, address.ipv6)
    }

    deinit {
        if tunnel >= 0 { close(tunnel) }
        if descriptor >= 0 { close(descriptor) }
    }

    /// The processes in the namespace, this one apart.
    var processes: [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var processes: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = pid_t(name), process != getpid() else { continue }
            var status = stat()
            if stat("/proc/\(name)/ns/net", &status) == 0, status.st_ino == inode { processes.append(process) }
        }
        return processes
    }

    /// Tells whether a program in the namespace has bound a port, as seen through one of its processes.
    static func hasBoundPort(seenBy process: pid_t) -> Bool {
        ["tcp", "tcp6", "udp", "udp6"].contains { table in
            let descriptor = open("/proc/\(process)/net/\(table)", O_RDONLY)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &bytes, bytes.count)
            // The first line says what the columns are, and there is one more for each socket.
            return count > 0 && bytes[..<count].filter { $0 == UInt8(ascii: "\n") }.count > 1
        }
    }

    /// Lets a process without the rights for it make namespaces, by giving it a user namespace of its own, in which it stays.
    ///
    /// - Throws: ``NetSimError`` with code `notPermitted`, also where the process has several threads.
    static func enterUserNamespace() throws {
        let (user, group) = (geteuid(), getegid())
        guard netsim_unshare_user() == 0 else {
            throw NetSimError.system(
                .notPermitted, "the kernel permits network namespaces neither to this user nor in a user namespace")
        }
        // Programs see the user that they would see outside; the rights end where they are executed.
        write("deny", to: "/proc/self/setgroups")
        write("\(user) \(user) 1", to: "/proc/self/uid_map")
        write("\(group) \(group) 1", to: "/proc/self/gid_map")
    }

    private static func write(_ text: String, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    }
}
