import FoveaKit
import Foundation

/// Sends a volume from this machine to itself and prints what both ends report: loopback VOLUME.nii.gz X0:X1,Y0:Y1,Z0:Z1
@main
struct Loopback {
    static func main() async throws {
        guard CommandLine.arguments.count == 3 else {
            print("usage: loopback VOLUME.nii.gz X0:X1,Y0:Y1,Z0:Z1")
            exit(64)
        }
        let (volume, box) = (CommandLine.arguments[1], CommandLine.arguments[2])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loopback-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var receiver = Receiver(folder: folder)
        receiver.once = true
        try await withThrowingTaskGroup(of: Void.self) { group in
            for try await event in receiver.events() {
                print("receiver", event.line)
                // It listens: the sender may begin.
                guard event.kind == .listening, let port = event["port"]?.number else { continue }
                group.addTask {
                    let sender = Sender([volume], to: "127.0.0.1:\(Int(port))", region: .box(box))
                    for try await event in sender.events() { print("sender  ", event.line) }
                }
            }
            try await group.waitForAll()
        }
    }
}
