import CMPI

/// A type whose values travel between ranks as they lie in memory.
public protocol MessageElement: BitwiseCopyable {
    static var messageKind: MessageKind { get }
}

public enum MessageKind: Sendable {
    case float, double, int32, int64, uint8, uint16

    var datatype: cmpi_datatype {
        switch self {
        case .float: cmpi_float()
        case .double: cmpi_double()
        case .int32: cmpi_int32()
        case .int64: cmpi_int64()
        case .uint8: cmpi_uint8()
        case .uint16: cmpi_uint16()
        }
    }
}

extension Float: MessageElement {
    public static var messageKind: MessageKind { .float }
}
extension Double: MessageElement {
    public static var messageKind: MessageKind { .double }
}
extension Int32: MessageElement {
    public static var messageKind: MessageKind { .int32 }
}
extension Int64: MessageElement {
    public static var messageKind: MessageKind { .int64 }
}
extension UInt8: MessageElement {
    public static var messageKind: MessageKind { .uint8 }
}
extension UInt16: MessageElement {
    public static var messageKind: MessageKind { .uint16 }
}
