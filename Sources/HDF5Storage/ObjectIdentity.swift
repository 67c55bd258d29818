import CHDF5

/// Tells objects of open files apart, whatever names and links lead to them.
struct ObjectIdentity: Hashable, Sendable {
    private let file: UInt
    private let address: haddr_t

    init(of location: Location) throws(HDF5Error) {
        var info = chdf5_object_info()
        try location.check("look up") { chdf5_get_object_info(location.id, &info) }
        self.init(info)
    }

    init(_ info: chdf5_object_info) {
        (file, address) = (UInt(info.fileno), info.addr)
    }
}
