internal import CNetSim
import Glibc

/// The two ends of a link for programs that know nothing of it.
struct NamespacePair {
    let client: NetworkNamespace
    let server: NetworkNamespace

    /// Makes the namespaces. The calling thread comes back to where it was, unless that takes rights it does not have: then
    /// it stays in the server's.
    ///
    /// - Throws: ``NetSimError`` with code `notPermitted`.
    init() throws {
        let home = netsim_network_open()
        defer {
            if home >= 0 { close(home) }
        }
        defer { _ = netsim_network_enter(home) }
        let hasRights = netsim_unshare_network() == 0
        if !hasRights {
            guard errno == EPERM else {
                throw NetSimError.system(.notPermitted, "the kernel does not permit network namespaces here")
            }
            try NetworkNamespace.enterUserNamespace()
        }
        client = try NetworkNamespace(TunnelAddress(.client))
        server = try NetworkNamespace(TunnelAddress(.server))
    }

    /// Ends every process in either namespace, those included that have left their parents.
    func endProcesses() {
        // More may be started while one looks; each round leaves fewer.
        for _ in 0..<100 {
            let processes = client.processes + server.processes
            if processes.isEmpty { return }
            for process in processes { kill(process, SIGKILL) }
            usleep(2000)
        }
    }
}
