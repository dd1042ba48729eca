internal import Foundation
internal import WireFormat

extension ReceivingSite {
    /// Where a volume's file is now: the one whose name says the most, since that name is given last; nil before there is one.
    public func file(session: String, volume: String) -> String? {
        guard let session = try? Name(session), let volume = try? Name(volume) else { return nil }
        return [VolumeState.lossless, .lossy, .partial].lazy.map { "\(folder)/\(session)/\(SessionFolder.fileName(volume, $0))" }
            .first { access($0, R_OK) == 0 }
    }

    /// Where a session's receipt is, once there is one.
    public func receipt(session: String) -> String? {
        guard let session = try? Name(session) else { return nil }
        let path = "\(folder)/\(session)/\(ReceiptFile.name)"
        return access(path, R_OK) == 0 ? path : nil
    }
}
