// swift-tools-version:6.0
import PackageDescription

/// `DPTRAIN_ENGINES=blas` builds without oneDNN, for machines that have no libdnnl.
let withOneDNN = Context.environment["DPTRAIN_ENGINES"] != "blas"
let oneDNN: [Target.Dependency] = withOneDNN ? ["OneDNNEngine"] : []
let engineSettings: [SwiftSetting] = withOneDNN ? [.define("ONEDNN")] : []

/// `DPTRAIN_MPI=mpich` builds with MPICH, as scripts/setup does in a folder of its own.
let mpi =
    Context.environment["DPTRAIN_MPI"] == "mpich"
    ? (pkgConfig: "mpich", package: "libmpich-dev") : (pkgConfig: "ompi-c", package: "libopenmpi-dev")

let systemLibraries: [Target] = [
    .systemLibrary(name: "CMPI", pkgConfig: mpi.pkgConfig, providers: [.apt([mpi.package])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    // Not a library: what the compiler can do and Swift has no word for.
    .systemLibrary(name: "CIntrinsics"),
    .systemLibrary(name: "CSharedMemory"),
]

let oneDNNTargets: [Target] = [
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "CConvolution"),
    .target(name: "OneDNN", dependencies: ["Execution", "CDNNL"]),
    .target(name: "OneDNNEngine", dependencies: ["OneDNN", "CConvolution"]),
]

/// In the order of docs/architecture.md: each imports only from above.
let modules: [Target] = [
    .target(name: "Basics", dependencies: ["CCrypto"]),
    .target(name: "MessagePassing", dependencies: ["CMPI", "CIntrinsics", "CSharedMemory", "Basics"]),
    .target(name: "HDF5Storage", dependencies: ["CHDF5", "Basics"]),
    .target(name: "CResampling"),
    .target(name: "CTransforms"),
    .target(name: "ImageCoding", dependencies: ["Basics", "CIntrinsics", "CJPEG", "CPNG", "CWebP", "CResampling"]),
    .target(name: "Pictures", dependencies: ["ImageCoding"]),
    .target(name: "FileFormats", dependencies: ["Basics", "CArchive", "CZlib"]),
    .target(name: "Models", dependencies: ["Basics"]),
    .target(name: "ModelZoo", dependencies: ["Models"]),
    .target(name: "Optimization", dependencies: ["Basics", "CIntrinsics"]),
    .target(name: "KerasCalls", dependencies: ["Models"]),
    .target(name: "KerasNetworks", dependencies: ["KerasCalls"]),
    .target(name: "Interchange", dependencies: ["HDF5Storage", "FileFormats", "KerasNetworks", "Optimization"]),
    .target(name: "ONNXInterchange", dependencies: ["FileFormats", "Models"]),
    .target(name: "Lowering", dependencies: ["Models"]),
    .target(name: "Execution", dependencies: ["Lowering"]),
    .target(name: "BLASEngine", dependencies: ["Execution", "CBLAS"]),
    .target(name: "ImportSources", dependencies: ["Basics", "CZlib", "CArchive"]),
    .target(name: "Transforms", dependencies: ["ImageCoding", "CTransforms"]),
    .target(name: "Datasets", dependencies: ["HDF5Storage", "Transforms"]),
    .target(name: "DataPipeline", dependencies: ["MessagePassing", "Datasets"]),
    .target(name: "DataSummary", dependencies: ["DataPipeline"]),
    .target(name: "Tracing", dependencies: ["MessagePassing", "DataPipeline"]),
    .target(name: "ImportFormats", dependencies: ["ImportSources", "Datasets"]),
    .target(name: "DatasetCreation", dependencies: ["MessagePassing", "DataPipeline", "ImportFormats"]),
    .target(name: "Reduction", dependencies: ["MessagePassing", "Execution", "Optimization", "CIntrinsics"]),
    .target(name: "Checkpoints", dependencies: ["Interchange"]),
    .target(name: "Reporting", dependencies: ["FileFormats", "Pictures", "Optimization", "Reduction", "Checkpoints"]),
    .target(
        name: "Options",
        dependencies: [
            "Datasets", "ModelZoo", "Reduction", "Optimization", "Interchange",
            .product(name: "TOMLKit", package: "TOMLKit"),
        ],
        resources: [.embedInCode("Recipes")]),
    .target(name: "Sessions", dependencies: ["Options", "DataPipeline", "Reduction", "Checkpoints"]),
    .target(name: "Training", dependencies: ["Sessions", "DataSummary", "Tracing", "Reporting"]),
    .target(name: "Evaluation", dependencies: ["Sessions", "ONNXInterchange", "Pictures"]),
    .target(name: "Reports", dependencies: ["Evaluation", "Reporting"], resources: [.embedInCode("Page")]),
    .target(name: "Benchmarking", dependencies: ["Training"]),
    .target(name: "Launching", dependencies: ["MessagePassing", "Checkpoints"]),
    .target(name: "Engines", dependencies: ["Options", "BLASEngine"] + oneDNN, swiftSettings: engineSettings),
    .target(name: "SelfTest", dependencies: ["Training", "DatasetCreation", "Engines"]),
    .executableTarget(
        name: "dptrain",
        dependencies: [
            "Evaluation", "Reports", "Training", "Benchmarking", "SelfTest", "Launching", "DatasetCreation",
            "Pictures",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
]

let tests: [Target] = [
    .target(name: "TestSupport", dependencies: ["MessagePassing", "Checkpoints"], path: "Tests/TestSupport"),
    // Runs before the tests. All targets of tests are one program, so that it serves them all.
    .target(name: "TestLaunch", path: "Tests/TestLaunch"),
    .testTarget(name: "ArchitectureTests"),
    .testTarget(name: "BasicsTests", dependencies: ["Basics", "CIntrinsics"]),
    .testTarget(name: "MessagePassingTests", dependencies: ["MessagePassing", "TestLaunch", "TestSupport"]),
    .testTarget(
        name: "HDF5StorageTests", dependencies: ["HDF5Storage", "CHDF5", "TestSupport"], exclude: ["Golden"]),
    .testTarget(
        name: "ImageCodingTests", dependencies: ["ImageCoding", "HDF5Storage", "CZlib", "TestSupport"],
        exclude: ["Golden"]),
    .testTarget(name: "PicturesTests", dependencies: ["Pictures"]),
    .testTarget(name: "ModelsTests", dependencies: ["ModelZoo", "TestSupport"]),
    .testTarget(name: "OptimizationTests", dependencies: ["Optimization"], exclude: ["Golden"]),
    .testTarget(
        name: "InterchangeTests",
        dependencies: ["Interchange", "ONNXInterchange", "ModelZoo", "Checkpoints", "CZlib", "TestSupport"]),
    .testTarget(
        name: "EngineTests",
        dependencies: [
            "BLASEngine", "HDF5Storage", "Interchange", "MessagePassing", "ModelZoo", "TestSupport",
        ] + oneDNN,
        exclude: ["Golden"], swiftSettings: engineSettings),
    .testTarget(
        name: "DataPipelineTests", dependencies: ["DataSummary", "ImageCoding", "CTransforms", "TestSupport"],
        exclude: ["Golden"]),
    .testTarget(
        name: "DatasetCreationTests", dependencies: ["DatasetCreation", "ImageCoding", "TestSupport"],
        exclude: ["Golden"]),
    .testTarget(name: "ReductionTests", dependencies: ["Reduction"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "TestSupport"]),
    .testTarget(name: "ReportingTests", dependencies: ["Reporting", "TestSupport"], exclude: ["Golden"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"], exclude: ["Golden"]),
    .testTarget(name: "LaunchingTests", dependencies: ["Launching"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "BLASEngine", "TestSupport"]),
    // Measures; run by scripts/check-image-rate.
    .executableTarget(name: "image-rate", dependencies: ["ImageCoding"], path: "Tests/ImageRate"),
    // Measures; run by scripts/check-augment-rate.
    .executableTarget(name: "augment-rate", dependencies: ["Transforms"], path: "Tests/AugmentRate"),
    // What needs several ranks: a program of its own, run under mpirun by scripts/test.
    .executableTarget(
        name: "rank-tests",
        dependencies: [
            "Evaluation", "Benchmarking", "DatasetCreation", "ImageCoding", "Engines", "TestSupport",
        ],
        path: "Tests/RankTests"),
]

/// `DPTRAIN_FUZZ=1` builds the fuzzers, as scripts/fuzz does. They need libFuzzer.
let fuzzers: [Target] = [
    .executableTarget(
        name: "fuzz", dependencies: ["Training", "DatasetCreation", "Reports", "CZlib", "TestSupport"],
        path: "Tests/FuzzTests",
        // gold, the usual one, breaks off.
        linkerSettings: [.unsafeFlags(["-use-ld=lld"])])
]
let withFuzzers = Context.environment["DPTRAIN_FUZZ"] == "1"

let package = Package(
    name: "dptrain",
    products: [.executable(name: "dptrain", targets: ["dptrain"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    ],
    targets: systemLibraries + (withOneDNN ? oneDNNTargets : []) + modules + tests + (withFuzzers ? fuzzers : []),
    swiftLanguageModes: [.v6]
)
