extension FieldLattice {
    /// Depth below which a node cannot influence a voxel of the brain.
    private static let farOutside: Float = -9

    /// Computes every field at every node.
    func fill(subject: Subject, tumour: Tumour?) {
        let ventricles = Ventricles(size: subject.ventricleSize)
        var average = [Point](repeating: Point(0, 0, 0), count: nodeCount)
        for k in 0..<countZ {
            for j in 0..<countY {
                for i in 0..<countX {
                    let n = (k * countY + j) * countX + i
                    let p = point(i, j, k)
                    let place = subject.toAverage(tumour?.unpushed(p) ?? p)
                    average[n] = place
                    fillNode(
                        nodes + n * Field.count, at: p, place: place, subject: subject,
                        ventricles: ventricles)
                }
            }
        }
        FoldedCortex(subject: subject).fill(self, average: average)
    }

    private func fillNode(
        _ node: UnsafeMutablePointer<Float>, at p: Point, place: Point, subject: Subject,
        ventricles: Ventricles
    ) {
        let outline = BrainShape.outline(place)
        // The rounded creases keep what stripping leaves between the parts.
        let hull = smoothUnion(
            smoothUnion(outline.cerebrum, outline.cerebellum, 14), outline.stem, 12)
        node[Field.cerebrum] = outline.cerebrum
        node[Field.cerebellum] = outline.cerebellum
        node[Field.stem] = outline.stem
        node[Field.midline] = place.x + 1.3 * subject.midlineWander(place)
        node[Field.core] = BrainShape.coreDepth(place)
        node[Field.mask] = smoothUnion(hull, outline.cistern, 8)
        guard node[Field.mask] > Self.farOutside else { return }
        node[Field.mask] += 0.3 + 1.3 * subject.border(p) + 0.9 * subject.borderFine(p)
        let sylvian = LateralFissure.sylvian(place)
        let wave = 6 * subject.bend(place) + 3 * subject.bendFine(place)
        node[Field.sylvianAcross] = sylvian.across + wave
        node[Field.sylvianBeyond] = sylvian.beyond + wave
        let insula = LateralFissure.insula(place)
        node[Field.insulaAcross] = insula.across + 0.7 * wave
        node[Field.insulaBeyond] = insula.beyond
        node[Field.folia] = Self.foliaPhase(place, subject: subject)
        node[Field.lateralVentricle] = ventricles.lateral(place)
        node[Field.middleVentricle] = ventricles.middle(place)
        node[Field.deepGrey] = DeepGrey.contrast(place)
        node[Field.mottle] = 0.045 * subject.mottle(place) + 0.022 * subject.mottleFine(place)
        let centre = BrainShape.centrality(p)
        node[Field.bias] = 1 + 0.1 * subject.bias(p) - 0.07 * centre
    }

    /// Folia fan out behind the fourth ventricle; the fan bends forwards at the sides.
    private static func foliaPhase(_ place: Point, subject: Subject) -> Float {
        let p = place.folded
        let back = -(p.y + 22) + 0.012 * p.x * p.x
        let up = p.z + 40
        let size = abs(back) + abs(up) + 6
        // A quarter turn of this angle is 1, as with the true angle but without atan.
        let turn = back >= 0 ? up / size : (up >= 0 ? 2 - up / size : -2 - up / size)
        return 44 * turn + 0.45 * back + 5 * subject.folia(place)
    }
}
