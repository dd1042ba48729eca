import EncodingInput
import Testing
import WireFormat

@Suite("Names of volumes")
struct NameTests {
    private func names(_ paths: String...) -> [String] { Preparation.names(for: paths).map(\.text) }

    @Test("A file's name travels as it is, without folder and ending, to the last whole character of 255 bytes")
    func titles() {
        let long = String(repeating: "é", count: 200)
        let titles = Preparation.titles(for: ["/a/Müller, 頭 (1).nii.gz", "b.NII", "/c/\(long).nii"])
        #expect(titles == ["Müller, 頭 (1)", "b", String(repeating: "é", count: 127)])
    }

    @Test("The name for files keeps what says which contrast it is, however long the title")
    func suffix() {
        let head = "sub-01_ses-followup_acq-" + String(repeating: "isotropic", count: 12) + "_run-01"
        let made = names("\(head)_T1w.nii.gz", "\(head)_FLAIR.nii.gz")
        #expect(made[0].hasSuffix("_T1w") && made[1].hasSuffix("_FLAIR") && made.allSatisfy { $0.utf8.count <= 60 })
        #expect(made.allSatisfy { $0.hasPrefix("sub-01_ses-followup") })
    }

    @Test("Names that would be the same are told apart before their suffix, also where only capitals differ")
    func different() {
        #expect(names("/a/x_T1w.nii", "/b/x_T1w.nii.gz", "/c/X_t1w.nii") == ["x_T1w", "x-2_T1w", "X-3_t1w"])
        #expect(names("頭_T1w.nii", "心_T1w.nii") == ["____T1w", "___-2_T1w"])
        #expect(names("/a/v.nii", "/b/v.nii") == ["v", "v-2"])
    }

    @Test("No name is one that a receiver gives to what it makes itself, or begins like an option or a hidden file")
    func reserved() {
        for ending in VolumeManifest.reservedEndings {
            #expect(!names("head\(ending).nii").contains { $0.hasSuffix(ending) })
        }
        #expect(names("-rf.nii", ".hidden.nii", "_.nii") == ["_rf", "_hidden", "_"])
    }
}
