import Basics
import Foundation
import Synchronization

/// The real file system until its n-th changing call, which fails, as do all after it: what a full disk or a lost
/// connection looks like. A write that fails leaves half of its bytes behind.
final class FaultyFileSystem: FileSystem {
    private let real = POSIXFileSystem()
    private let calls = Atomic(0)
    private let failing: Int
    private let code: Int32
    private let recovers: Bool
    private let failsToList: Bool

    /// `failing` counts from 1; `recovers` lets the calls after it succeed. Folders can be listed all the same, unless
    /// `failsToList`.
    init(failing: Int, code: Int32 = ENOSPC, recovers: Bool, failsToList: Bool = false) {
        self.failsToList = failsToList
        self.failing = failing
        self.code = code
        self.recovers = recovers
    }

    var hasFailed: Bool { calls.load(ordering: .relaxed) >= failing }

    private var fails: Bool {
        let call = calls.add(1, ordering: .relaxed).newValue
        return recovers ? call == failing : call >= failing
    }

    private func pass(_ operation: String, _ path: String) throws(FileSystemError) {
        if fails { throw FileSystemError(operation, path, code: code) }
    }

    func names(in folder: String) throws(FileSystemError) -> [String] {
        if failsToList && hasFailed { throw FileSystemError("list the folder", folder, code: code) }
        return try real.names(in: folder)
    }
    func read(_ path: String) throws(FileSystemError) -> [UInt8] { try real.read(path) }

    func createFolder(_ path: String) throws(FileSystemError) {
        try pass("create the folder", path)
        try real.createFolder(path)
    }

    func create(_ path: String) throws(FileSystemError) -> Int32 {
        try pass("create", path)
        return try real.create(path)
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(FileSystemError) {
        guard !fails else {
            let half = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
            try real.write(half, to: descriptor, path)
            throw FileSystemError("write", path, code: code)
        }
        try real.write(bytes, to: descriptor, path)
    }

    func synchronize(_ descriptor: Int32, _ path: String) throws(FileSystemError) {
        try pass("flush to the disk", path)
        try real.synchronize(descriptor, path)
    }

    func close(_ descriptor: Int32, _ path: String) throws(FileSystemError) {
        // The descriptor is gone even where close reports an error.
        let fails = fails
        try real.close(descriptor, path)
        if fails { throw FileSystemError("close", path, code: code) }
    }

    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try pass("rename to \(newPath)", path)
        try real.rename(path, to: newPath)
    }

    func link(_ path: String, to newPath: String) throws(FileSystemError) {
        try pass("link as \(newPath)", path)
        try real.link(path, to: newPath)
    }

    func remove(_ path: String) throws(FileSystemError) {
        try pass("delete", path)
        try real.remove(path)
    }

    func synchronizeFolder(_ path: String) throws(FileSystemError) {
        try pass("flush the folder to the disk", path)
        try real.synchronizeFolder(path)
    }
}
