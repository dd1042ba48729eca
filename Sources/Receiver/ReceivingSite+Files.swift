internal import Receipts
package import Foundation
internal import WireFormat

extension ReceivingSite {
    /// A volume's file now: the one whose name says the most, since that name is given last; nil before there is one.
    package func file(session: String, volume: String) -> (name: String, file: FileHandle)? {
        guard let session = try? Name(session), let volume = try? Name(volume),
            let folder = StoredFolder(root: folder, session: session)
        else { return nil }
        for state in [VolumeState.lossless, .lossy, .partial] {
            let name = VolumeFile.name(volume, state)
            if let file = folder.open(name) { return (name, file) }
        }
        return nil
    }

    /// A session's receipt, once there is one.
    package func receipt(session: String) -> FileHandle? {
        guard let session = try? Name(session) else { return nil }
        return StoredFolder(root: folder, session: session)?.open(ReceiptFile.name)
    }
}
