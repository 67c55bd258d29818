/// Whether no value is a NaN or an infinity, whose exponents are all ones.
package func allFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
    let exponent: UInt32 = 0x7F80_0000
    var found: UInt32 = 0
    for i in 0..<count { found |= values[i].bitPattern & exponent == exponent ? 1 : 0 }
    return found == 0
}
