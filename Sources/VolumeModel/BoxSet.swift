/// Boxes that belong together and hold for every time point, as a volume's regions of interest do, and what they leave of others.
public struct BoxSet: Sendable, Hashable {
    /// The boxes, in order; they may share voxels.
    public let boxes: [Box]

    /// Puts boxes together.
    public init(_ boxes: [Box]) { self.boxes = boxes }

    /// Boxes that share no voxels: those that do become one, until none do.
    public var apart: [Box] {
        var boxes = boxes
        var index = 0
        while index < boxes.count {
            if let other = boxes.indices.first(where: { $0 > index && boxes[$0].intersection(boxes[index]) != nil }) {
                boxes[index] = boxes[index].union(boxes.remove(at: other))
                index = 0
            } else {
                index += 1
            }
        }
        return boxes
    }

    /// True where one of the boxes alone leaves nothing of another, whose slices may belong to several time points.
    public func covers(_ box: StackedBox, in shape: Shape) -> Bool {
        boxes.contains { region in
            region.x.contains(box.x) && region.y.contains(box.y)
                && box.z.allSatisfy { region.z.contains(shape.position(ofStacked: $0).slice) }
        }
    }

    /// The parts of a row that no box has.
    /// - Parameters:
    ///   - x: the row's columns.
    ///   - stackedSlice: its slice, counted through all time points.
    public func spansOutside(x: Range<Int>, y: Int, stackedSlice: Int, in shape: Shape) -> [Range<Int>] {
        var spans = [x]
        let z = shape.position(ofStacked: stackedSlice).slice
        for box in boxes where box.y.contains(y) && box.z.contains(z) {
            spans = spans.flatMap { span -> [Range<Int>] in
                let cut = box.x.clamped(to: span)
                if cut.isEmpty { return [span] }
                return [span.lowerBound..<cut.lowerBound, cut.upperBound..<span.upperBound].filter { !$0.isEmpty }
            }
        }
        return spans
    }

    /// Splits a box, whose slices are those of one time point, into what each of the boxes has of it and what none has.
    /// - Returns: parts with the index of the box that has them, and the rest, which do not touch each other.
    public func split(_ box: StackedBox, in shape: Shape) -> (within: [(owner: Int, box: StackedBox)], rest: [StackedBox]) {
        let timepoint = shape.position(ofStacked: box.z.lowerBound).timepoint
        var within: [(owner: Int, box: StackedBox)] = []
        var rest = [box]
        for (owner, region) in boxes.enumerated() {
            guard let region = shape.stacked(region, timepoint: timepoint), let inside = region.intersection(box) else { continue }
            within.append((owner, inside))
            rest = rest.flatMap { $0.subtracting(region) }
        }
        return (within, rest)
    }
}
