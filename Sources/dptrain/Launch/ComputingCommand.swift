import ArgumentParser

/// A command that computes with the numerical libraries. They read their environment when they are loaded, so the program
/// starts over with the right one before it does anything else.
protocol ComputingCommand: ParsableCommand {
    /// Threads of a rank.
    var threads: Int { get throws }
}
