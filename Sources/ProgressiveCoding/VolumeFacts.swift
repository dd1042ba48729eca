internal import Bytes
internal import Dispatch
internal import HEVCCodec
package import NIfTIFile
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// A volume's range, surroundings and digest: found out while the region of interest is.
package struct VolumeFacts: Sendable {
    let surroundings: Surroundings
    /// The least and the greatest finite value.
    let range: ClosedRange<Double>
    /// Point where samples become coarser; nil when they are even.
    let knee: Knee?
    /// Of the whole file, uncompressed.
    let digest: Digest

    /// Looks at a volume, on two threads.
    package init(of image: NIfTIImage, settings: EncodingSettings) {
        let found = Mutex<(look: (Surroundings, ClosedRange<Double>, Knee?)?, digest: Digest?)>((nil, nil))
        DispatchQueue.concurrentPerform(iterations: 2) { part in
            if part == 0 {
                let digest = Self.digest(of: image)
                found.withLock { $0.digest = digest }
            } else {
                let look = Self.look(at: image, settings)
                found.withLock { $0.look = look }
            }
        }
        let (look, digest) = found.withLock { $0 }
        (surroundings, range, knee) = look ?? Self.look(at: image, settings)
        self.digest = digest ?? Self.digest(of: image)
    }

    private static func digest(of image: NIfTIImage) -> Digest {
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        return digest.finish()
    }

    private static func look(at image: NIfTIImage, _ settings: EncodingSettings) -> (Surroundings, ClosedRange<Double>, Knee?) {
        let surroundings = Surroundings(of: image.volume)
        let range = image.volume.finiteRange()
        let knee =
            settings.sampleSpacing == .linear
            ? nil : KneeFinder.knee(of: image.volume, range: range, fill: surroundings.fill, bitDepth: settings.roi.bitDepth)
        return (surroundings, range, knee)
    }
}
