/// The smooth fields that describe the head, each stored at every lattice node.
enum Field {
    /// Depth below the cerebrum's outline.
    static let cerebrum = 0
    /// Signed distance from the middle plane.
    static let midline = 1
    /// Depth inside the part that the fissure between hemispheres does not enter.
    static let core = 2
    /// Signed distance across the main sulci.
    static let sulcus = 3
    /// Signed distance across the small sulci.
    static let smallSulcus = 4
    /// Depth that the main sulci reach.
    static let sulcalDepth = 5
    static let sylvianAcross = 6
    static let sylvianBeyond = 7
    static let insulaAcross = 8
    static let insulaBeyond = 9
    static let cerebellum = 10
    static let stem = 11
    /// Distance along the fan of cerebellar folia.
    static let folia = 12
    static let lateralVentricle = 13
    static let middleVentricle = 14
    static let deepGrey = 15
    /// Slow relative variation of parenchyma.
    static let mottle = 16
    /// The coil's multiplicative bias.
    static let bias = 17
    /// Depth below the border that skull-stripping left.
    static let mask = 18
    static let count = 19
}
