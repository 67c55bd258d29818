import CHDF5

/// Tells objects of open files apart, whatever names and links lead to them.
struct ObjectIdentity: Hashable, Sendable {
    private let file: UInt
    private let address: haddr_t

    init(of location: Location) throws(HDF5Error) {
        var info = H5O_info_t()
        try location.check("look up") { H5Oget_info2(location.id, &info, UInt32(H5O_INFO_BASIC)) }
        self.init(info)
    }

    init(_ info: H5O_info_t) {
        (file, address) = (UInt(info.fileno), info.addr)
    }
}
