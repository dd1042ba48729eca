/// Turns the smooth fields at a voxel into noiseless signal and a label.
struct TissueModel {
    let subject: Subject
    let spots: WhiteMatterSpots
    let tumour: Tumour?

    /// Signal of white matter, in stored values; other tissues are relative to it.
    static let whiteMatter: Float = 620
    private static let fluid: Float = 0.17

    /// Noiseless contents of a voxel.
    struct Voxel {
        var signal: Float
        var fluid: Float
        var label: UInt8
    }

    /// The division of one voxel into its parts.
    private struct Parts {
        var signal: Float
        var white: Float
        var fluid: Float
        var depth: Float
    }

    /// Distance from a sheet that ends `beyond` mm short of here.
    @inline(__always)
    private func sheet(_ across: Float, _ beyond: Float) -> Float {
        beyond > 0 ? (across * across + beyond * beyond).squareRoot() : abs(across)
    }

    @inline(__always)
    private func cerebrum(_ f: UnsafePointer<Float>) -> Parts {
        let midline = f[Field.midline]
        let outer = f[Field.cerebrum]
        let core = f[Field.core]
        let inner = sheet(midline, core) - 0.25 - 1.1 * ramp(outer, 8, 0)
        let depth = min(outer, inner)
        // Sulci gape at the surface and close to a hairline inside.
        let open = 0.65 * ramp(outer, 24, -2) + 0.35 * ramp(depth, 12, 0)
        let gape = (subject.atrophy + 1.5) * open - 0.4
        let reach = f[Field.sulcalDepth]
        let large = sheet(f[Field.sulcus], depth - reach) - 0.2 - gape
        let small = sheet(f[Field.smallSulcus], depth - 0.4 * reach) + 0.2 - 0.5 * gape
        let sylvian = sheet(f[Field.sylvianAcross], f[Field.sylvianBeyond]) - 0.6 - gape
        let insula =
            sheet(f[Field.insulaAcross], f[Field.insulaBeyond]) - 0.35 - 0.3 * subject.atrophy
        let pia = min(outer - 0.2, min(inner, min(large, min(small, min(sylvian, insula)))))
        let fluid = ramp(pia, 0.6, -0.6)
        // The middle of the brain has no cortex on its inner faces.
        let ribbon = 2.6 - 2.6 * ramp(core, -1, 2) * ramp(outer, 10, 16) * ramp(abs(midline), 12, 5)
        let white = ramp(pia, ribbon - 1.1, ribbon + 1.3)
        let grey = 1 + subject.greyContrast
        // White matter grows darker away from the cortex, as myelin gets denser.
        let deepWhite = 0.94 + 0.1 * ramp(pia, 13, 3) + f[Field.deepGrey] + f[Field.mottle] * 1.3
        let solid = mix(grey + f[Field.mottle], deepWhite, white)
        let water = Self.fluid * (1 + 5 * f[Field.mottle])
        return Parts(
            signal: mix(solid, water, fluid), white: white * (1 - fluid), fluid: fluid,
            depth: depth)
    }

    @inline(__always)
    private func cerebellum(_ f: UnsafePointer<Float>) -> Parts {
        let outer = f[Field.cerebellum]
        let phase = f[Field.folia] * (1 / 4.6)
        let nearest = abs(phase - phase.rounded()) * 4.6
        // Every third fissure or so is a deep one.
        let group = f[Field.folia] * (1 / 13.8)
        let deep = abs(group - group.rounded()) * 13.8
        let fine = sheet(nearest, outer - 11) - 0.15
        let major = sheet(deep, outer - 15) - 0.25
        let pia = min(outer - 0.2, min(fine, major))
        let fluid = ramp(pia, 0.5, -0.5)
        let ribbon = 1.9 + 3.2 * ramp(outer, 9, 4)
        let white = ramp(pia, ribbon - 0.8, ribbon + 1) * ramp(outer, 4, 8)
        let grey = 1.02 + 0.75 * subject.greyContrast + f[Field.mottle]
        let solid = mix(grey, 0.97 + f[Field.mottle], white)
        return Parts(
            signal: mix(solid, Self.fluid, 0.65 * fluid), white: white, fluid: fluid, depth: outer)
    }

    /// The voxel before bias and noise.
    @inline(__always)
    func voxel(_ f: UnsafePointer<Float>, at p: Point) -> Voxel {
        let stem = f[Field.stem]
        var parts =
            f[Field.cerebellum] > f[Field.cerebrum] ? cerebellum(f) : cerebrum(f)
        let stemShare = ramp(stem, -0.6, 0.8)
        if stemShare > 0 {
            let stemSignal = 1.05 + f[Field.deepGrey] + 1.6 * f[Field.mottle]
            parts.signal = mix(parts.signal, stemSignal, stemShare)
            parts.fluid *= 1 - stemShare
        }
        // The septum keeps the lateral ventricles apart.
        let lateral = min(f[Field.lateralVentricle], abs(f[Field.midline]) - 0.6)
        let ventricle = max(lateral, f[Field.middleVentricle])
        if ventricle > -8 {
            let rim = ramp(-ventricle, 6, 0) * 0.1 + ramp(-ventricle, 2.2, 0) * 0.12
            parts.signal += rim * parts.white
            let wet = ramp(ventricle, -0.6, 0.6)
            parts.signal = mix(parts.signal, Self.fluid * 0.85, wet)
            parts.fluid = max(parts.fluid, wet)
            parts.white *= 1 - wet
        }
        parts.signal += parts.white * spots.brightening(p)
        var label: UInt8 = 0
        if let tumour, f[Field.cerebrum] > 0, tumour.reaches(p) {
            // The falx divides the hemispheres but the corpus callosum joins them.
            let bridge = tumour.side * max(0, min(9, f[Field.core]))
            let effect = tumour.effect(
                p, white: parts.white, fluid: parts.fluid, depth: parts.depth,
                midline: f[Field.midline] + bridge, contrast: f[Field.deepGrey])
            parts.signal = mix(parts.signal, effect.oedemaSignal, effect.oedema)
            parts.signal = mix(parts.signal, effect.coreSignal, effect.core)
            label = effect.label
        }
        return Voxel(signal: parts.signal * Self.whiteMatter, fluid: parts.fluid, label: label)
    }
}
