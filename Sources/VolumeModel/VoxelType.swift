/// Storage type of a voxel.
public enum VoxelType: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    case int8 = 1
    case uint8 = 2
    case int16 = 3
    case uint16 = 4
    case int32 = 5
    case uint32 = 6
    case float32 = 7
    case float64 = 8
    case int64 = 9
    case uint64 = 10

    /// Bytes a voxel.
    public var byteCount: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    public var description: String {
        switch self {
        case .int8: "int8"
        case .uint8: "uint8"
        case .int16: "int16"
        case .uint16: "uint16"
        case .int32: "int32"
        case .uint32: "uint32"
        case .float32: "float32"
        case .float64: "float64"
        case .int64: "int64"
        case .uint64: "uint64"
        }
    }

    /// True of whole numbers.
    public var isInteger: Bool { self != .float32 && self != .float64 }

    /// Calls `visitor` with the Swift type that stores such voxels, so that a generic loop is compiled once a type.
    @inlinable
    public func accept<Visitor: VoxelVisitor>(_ visitor: inout Visitor) -> Visitor.Result {
        switch self {
        case .int8: visitor.visit(Int8.self)
        case .uint8: visitor.visit(UInt8.self)
        case .int16: visitor.visit(Int16.self)
        case .uint16: visitor.visit(UInt16.self)
        case .int32: visitor.visit(Int32.self)
        case .uint32: visitor.visit(UInt32.self)
        case .float32: visitor.visit(Float.self)
        case .float64: visitor.visit(Double.self)
        case .int64: visitor.visit(Int64.self)
        case .uint64: visitor.visit(UInt64.self)
        }
    }
}

/// A loop over voxels that is generic in how they are stored.
public protocol VoxelVisitor {
    associatedtype Result
    /// Does the work for one storage type.
    mutating func visit<V: Voxel>(_ type: V.Type) -> Result
}

/// A Swift type that stores a voxel.
public protocol Voxel: Comparable, Sendable, BitwiseCopyable {
    /// The stored value; exact, but for whole numbers of 64 bits beyond 2^53.
    var doubleValue: Double { get }
    /// The storable value nearest to `value`; not-a-number becomes zero where it cannot be stored.
    init(nearest value: Double)
}

extension Voxel where Self: FixedWidthInteger {
    @inlinable public var doubleValue: Double { Double(self) }
    @inlinable public init(nearest value: Double) {
        guard !value.isNaN else {
            self = 0
            return
        }
        let rounded = value.rounded(.toNearestOrAwayFromZero)
        self = rounded <= Double(Self.min) ? .min : rounded >= Double(Self.max) ? .max : Self(rounded)
    }
}

extension Int8: Voxel {}
extension UInt8: Voxel {}
extension Int16: Voxel {}
extension UInt16: Voxel {}
extension Int32: Voxel {}
extension UInt32: Voxel {}
extension Int64: Voxel {}
extension UInt64: Voxel {}
extension Float: Voxel {
    @inlinable public var doubleValue: Double { Double(self) }
    @inlinable public init(nearest value: Double) { self = Float(value) }
}
extension Double: Voxel {
    @inlinable public var doubleValue: Double { self }
    @inlinable public init(nearest value: Double) { self = value }
}
