/// A loop over voxels as unsigned integers of their width: for work on bits, whatever they mean.
public protocol StoredBitsVisitor {
    associatedtype Result
    /// Does the work for one width.
    mutating func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> Result
}

extension VoxelType {
    /// Calls `visitor` with the unsigned integer as wide as such voxels.
    @inlinable
    public func acceptBits<Visitor: StoredBitsVisitor>(_ visitor: inout Visitor) -> Visitor.Result {
        switch byteCount {
        case 1: visitor.visit(UInt8.self)
        case 2: visitor.visit(UInt16.self)
        case 4: visitor.visit(UInt32.self)
        default: visitor.visit(UInt64.self)
        }
    }
}
