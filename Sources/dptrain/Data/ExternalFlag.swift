import ArgumentParser

/// What the commands that read a data set file, and have no training options, have in common.
struct ExternalFlag: ParsableArguments {
    @Flag(help: "read data sets whose bytes lie in files that are no HDF5 files, and that the data file names")
    var allowExternal = false
}
