import CHDF5

/// The type of a data set's elements as the file has it.
public enum ElementType: Hashable, Sendable, CustomStringConvertible {
    case integer(bytes: Int, signed: Bool)
    case float(bytes: Int)
    case string
    /// Compound, reference, ...: what this package does not read.
    case other(String)

    /// `uint8`, `float32`: NumPy's names.
    public var description: String {
        switch self {
        case .integer(let bytes, let signed): "\(signed ? "int" : "uint")\(bytes * 8)"
        case .float(let bytes): "float\(bytes * 8)"
        case .string: "string"
        case .other(let name): name
        }
    }

    public var isNumeric: Bool {
        switch self {
        case .integer, .float: true
        case .string, .other: false
        }
    }

    public var isInteger: Bool {
        if case .integer = self { return true }
        return false
    }

    /// Of a number; 0 for other types.
    public var bytes: Int {
        switch self {
        case .integer(let bytes, _), .float(let bytes): bytes
        case .string, .other: 0
        }
    }

    /// The name of a row that is a list of its own length.
    static let list = "variable-length"

    init(of type: hid_t) {
        let size = H5Tget_size(type)
        switch H5Tget_class(type) {
        case H5T_INTEGER: self = .integer(bytes: size, signed: H5Tget_sign(type) == H5T_SGN_2)
        case H5T_FLOAT: self = .float(bytes: size)
        case H5T_STRING: self = .string
        case H5T_COMPOUND: self = .other("compound")
        case H5T_ENUM:
            // Named integers, such as NumPy's booleans.
            let base = H5Tget_super(type)
            defer { H5Tclose(base) }
            self.init(of: base)
        case H5T_ARRAY: self = .other("array")
        case H5T_VLEN: self = .other(Self.list)
        case H5T_REFERENCE: self = .other("reference")
        case H5T_OPAQUE: self = .other("opaque")
        default: self = .other("unknown type")
        }
    }
}

/// A Swift type that data sets and attributes are written from and read into. HDF5 converts between any two numeric
/// types; what does not fit is clamped to the nearest value.
public protocol StorageElement: BitwiseCopyable, Sendable {
    static var elementType: ElementType { get }
    init()
    /// Whether no value is NaN or infinite.
    static func areFinite(_ values: [Self]) -> Bool
}

extension StorageElement {
    /// What integers are.
    public static func areFinite(_ values: [Self]) -> Bool { true }
}

extension StorageElement where Self: BinaryFloatingPoint {
    public static func areFinite(_ values: [Self]) -> Bool { values.allSatisfy(\.isFinite) }
}

extension Float: StorageElement { public static var elementType: ElementType { .float(bytes: 4) } }
extension Double: StorageElement { public static var elementType: ElementType { .float(bytes: 8) } }
extension UInt8: StorageElement { public static var elementType: ElementType { .integer(bytes: 1, signed: false) } }
extension Int32: StorageElement { public static var elementType: ElementType { .integer(bytes: 4, signed: true) } }
extension Int64: StorageElement { public static var elementType: ElementType { .integer(bytes: 8, signed: true) } }
extension UInt64: StorageElement { public static var elementType: ElementType { .integer(bytes: 8, signed: false) } }

extension StorageElement {
    /// HDF5's type of these elements, in memory and in files: both are little-endian.
    static var typeID: hid_t {
        switch elementType {
        case .float(bytes: 4): chdf5_float32()
        case .float: chdf5_float64()
        case .integer(bytes: 1, _): chdf5_uint8()
        case .integer(bytes: 4, _): chdf5_int32()
        case .integer(_, signed: true): chdf5_int64()
        default: chdf5_uint64()
        }
    }
}
