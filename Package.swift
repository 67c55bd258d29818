// swift-tools-version:6.0
import PackageDescription

/// `DPTRAIN_ENGINES=blas` builds without oneDNN, for machines that have no libdnnl.
let withOneDNN = Context.environment["DPTRAIN_ENGINES"] != "blas"
let oneDNN: [Target.Dependency] = withOneDNN ? ["OneDNNEngine"] : []
let engineSettings: [SwiftSetting] = withOneDNN ? [.define("ONEDNN")] : []

let systemLibraries: [Target] = [
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // Not a library: what the compiler can do and Swift has no word for.
    .systemLibrary(name: "CIntrinsics"),
]

let oneDNNTargets: [Target] = [
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "CConvolution"),
    .target(name: "OneDNNEngine", dependencies: ["Execution", "CDNNL", "CConvolution"]),
]

let package = Package(
    name: "dptrain",
    products: [.executable(name: "dptrain", targets: ["dptrain"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: systemLibraries + (withOneDNN ? oneDNNTargets : []) + [
        .target(name: "NumericCore"),
        .target(name: "MessagePassing", dependencies: ["CMPI", "CIntrinsics", "NumericCore"]),
        .target(name: "HDF5Storage", dependencies: ["CHDF5", "NumericCore"]),
        .target(name: "Models", dependencies: ["NumericCore"]),
        .target(name: "Execution", dependencies: ["Models"]),
        .target(name: "BLASEngine", dependencies: ["Execution", "CBLAS"]),
        .target(name: "DataPipeline", dependencies: ["HDF5Storage", "CZlib"]),
        .target(name: "Pictures", dependencies: ["CZlib"]),
        .target(
            name: "Training",
            dependencies: [
                "Execution", "MessagePassing", "DataPipeline", "CIntrinsics", "CCrypto",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            resources: [.embedInCode("Recipes")]),
        .executableTarget(
            name: "dptrain",
            dependencies: [
                "Training", "BLASEngine", "Pictures",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + oneDNN,
            swiftSettings: engineSettings),
        .target(name: "TestSupport", dependencies: ["MessagePassing", "Training"], path: "Tests/TestSupport"),
        // Runs before the tests. All targets of tests are one program, so that it serves them all.
        .target(name: "TestLaunch", path: "Tests/TestLaunch"),
        .testTarget(name: "NumericCoreTests", dependencies: ["CIntrinsics", "NumericCore"]),
        .testTarget(
            name: "MessagePassingTests", dependencies: ["MessagePassing", "TestLaunch", "TestSupport"]),
        .testTarget(
            name: "HDF5StorageTests", dependencies: ["HDF5Storage", "TestSupport"], exclude: ["Golden"]),
        .testTarget(
            name: "DataPipelineTests", dependencies: ["DataPipeline", "TestSupport"], exclude: ["Golden"]),
        .testTarget(name: "PicturesTests", dependencies: ["Pictures"], exclude: ["Golden"]),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "TestSupport"]),
        .testTarget(
            name: "EngineTests", dependencies: ["BLASEngine", "HDF5Storage", "TestSupport"] + oneDNN,
            exclude: ["Golden"],
            swiftSettings: engineSettings),
        .testTarget(
            name: "TrainingTests", dependencies: ["Training", "BLASEngine", "TestSupport"], exclude: ["Golden"]),
        // What needs several ranks: a program of its own, run under mpirun by scripts/test.
        .executableTarget(
            name: "rank-tests", dependencies: ["Training", "BLASEngine", "TestSupport"] + oneDNN,
            path: "Tests/RankTests", swiftSettings: engineSettings),
    ],
    swiftLanguageModes: [.v6]
)
