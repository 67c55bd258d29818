import CHDF5

/// The attributes of a group or data set. Setting one that exists replaces it.
public struct Attributes: Sendable {
    let location: Location

    init(of location: Location) { self.location = location }

    /// All names, in ascending byte order.
    public func names() throws(HDF5Error) -> [String] {
        try location.names("list the attributes") { names in
            H5Aiterate2(
                location.id, H5_INDEX_NAME, H5_ITER_INC, nil, { _, name, _, names in collect(name, into: names) }, names
            )
        }
    }

    public func exists(_ name: String) throws(HDF5Error) -> Bool {
        try location.check("look up the attribute", at: place(name)) { H5Aexists(location.id, name) } > 0
    }

    // MARK: Numbers

    /// The values of a numeric attribute, converted to `Element`, in row-major order.
    public func values<Element: StorageElement>(
        _ name: String, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> [Element] {
        let (attribute, type, count) = try open(name)
        guard ElementType(of: type.id).isNumeric else {
            throw location.error(
                "read the attribute", "it is of type \(ElementType(of: type.id)), not a number", at: place(name))
        }
        var values = [Element](repeating: Element(), count: count)
        guard count > 0 else { return values }
        try location.check("read the attribute", at: place(name)) { H5Aread(attribute.id, Element.typeID, &values) }
        return values
    }

    /// The value of a numeric attribute that has exactly one.
    public func value<Element: StorageElement>(
        _ name: String, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> Element {
        let values = try values(name, as: Element.self)
        guard values.count == 1 else {
            throw location.error("read the attribute", "it has \(values.count) values, not one", at: place(name))
        }
        return values[0]
    }

    public func double(_ name: String) throws(HDF5Error) -> Double { try value(name) }
    public func int(_ name: String) throws(HDF5Error) -> Int { Int(try value(name, as: Int64.self)) }

    /// An integer that must lie in `range`.
    package func int(_ name: String, in range: ClosedRange<Int>) throws(HDF5Error) -> Int {
        guard try elementType(name).isInteger else {
            throw location.error(
                "read the attribute", "it is of type \(try elementType(name)), not an integer", at: place(name))
        }
        let value = try int(name)
        guard range.contains(value) else {
            throw location.error(
                "read the attribute", "\(value) is not from \(range.lowerBound) to \(range.upperBound)", at: place(name)
            )
        }
        return value
    }

    /// A number that must lie in `range`, which NaN does not.
    package func double(_ name: String, in range: ClosedRange<Double>) throws(HDF5Error) -> Double {
        let value = try double(name)
        guard range.contains(value) else {
            throw location.error(
                "read the attribute", "\(value) is not from \(range.lowerBound) to \(range.upperBound)", at: place(name)
            )
        }
        return value
    }

    private func elementType(_ name: String) throws(HDF5Error) -> ElementType {
        let type = try open(name).type
        return withExtendedLifetime(type) { ElementType(of: type.id) }
    }

    /// Writes a scalar.
    public func set<Element: StorageElement>(_ name: String, _ value: Element) throws(HDF5Error) {
        let space = try scalarSpace(name)
        try write(name, type: Element.typeID, space: space) { body in
            withUnsafePointer(to: value) { body($0) }
        }
    }

    public func set(_ name: String, _ value: Int) throws(HDF5Error) { try set(name, Int64(value)) }

    /// Writes a one-dimensional array.
    public func set<Element: StorageElement>(_ name: String, _ values: [Element]) throws(HDF5Error) {
        let space = try arraySpace(name, count: values.count)
        try write(name, type: Element.typeID, space: space) { body in
            values.withUnsafeBytes { body($0.baseAddress ?? UnsafeRawPointer(bitPattern: 8)) }
        }
    }

    public func set(_ name: String, _ values: [Int]) throws(HDF5Error) { try set(name, values.map { Int64($0) }) }

    // MARK: Plumbing shared with strings

    /// In bytes; HDF5 keeps larger values out of the object's header, and no program writes that many.
    private static var largestValue: Int { 64 << 20 }

    func place(_ name: String) -> String { "\(location.path)@\(name)" }

    func open(_ name: String) throws(HDF5Error) -> (attribute: Handle, type: Handle, count: Int) {
        let operation = "read the attribute"
        guard try exists(name) else {
            throw location.error(operation, "there is no such attribute", at: place(name))
        }
        let attribute = try location.open(operation, at: place(name), close: H5Aclose) {
            H5Aopen(location.id, name, hid_t(H5P_DEFAULT))
        }
        let type = try location.open(operation, at: place(name), close: H5Tclose) { H5Aget_type(attribute.id) }
        let space = try location.open(operation, at: place(name), close: H5Sclose) { H5Aget_space(attribute.id) }
        let count = try location.check(operation, at: place(name)) { H5Sget_simple_extent_npoints(space.id) }
        let (bytes, overflows) = Int(count).multipliedReportingOverflow(by: H5Tget_size(type.id))
        guard !overflows, bytes <= Self.largestValue else {
            throw location.error(operation, "its \(count) values are more than an attribute holds", at: place(name))
        }
        return (attribute, type, Int(count))
    }

    func scalarSpace(_ name: String) throws(HDF5Error) -> Handle {
        try location.open("write the attribute", at: place(name), close: H5Sclose) { H5Screate(H5S_SCALAR) }
    }

    func arraySpace(_ name: String, count: Int) throws(HDF5Error) -> Handle {
        var extent = hsize_t(count)
        return try location.open("write the attribute", at: place(name), close: H5Sclose) {
            H5Screate_simple(1, &extent, nil)
        }
    }

    package func remove(_ name: String) throws(HDF5Error) {
        try location.check("remove the attribute", at: place(name)) { H5Adelete(location.id, name) }
    }

    /// `withBytes` calls its argument with a pointer to the values.
    func write(
        _ name: String, type: hid_t, space: Handle, withBytes: ((UnsafeRawPointer?) -> herr_t) -> herr_t
    ) throws(HDF5Error) {
        let operation = "write the attribute"
        if try exists(name) { try remove(name) }
        let attribute = try location.open(operation, at: place(name), close: H5Aclose) {
            H5Acreate2(location.id, name, type, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
        }
        try location.check(operation, at: place(name)) { withBytes { H5Awrite(attribute.id, type, $0) } }
    }
}
