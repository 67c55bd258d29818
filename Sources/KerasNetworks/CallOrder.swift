/// The calls of a model's layers, every one after those it reads; otherwise in the order in which they are given.
struct CallOrder {
    typealias Call = (entry: KerasModel.Entry, number: Int)

    private struct Identity: Hashable {
        let layer: String
        let call: Int
    }

    private(set) var calls: [Call]
    /// Why there is no such order: a call that cannot come, and what is wrong with it.
    private(set) var obstacle: (layer: String, reason: String)?

    /// `inputs` come first.
    init(_ inputs: [Call], _ given: [Call]) {
        calls = inputs
        let done = Set(inputs.map { Identity(layer: $0.entry.name, call: $0.number) })
        let reads = given.map { call in
            Set(call.entry.calls[call.number].inputs.map { Identity(layer: $0.layer, call: $0.call) })
        }
        var missing = reads.map { $0.subtracting(done).count }
        var readers: [Identity: [Int]] = [:]
        for (index, reads) in reads.enumerated() {
            for identity in reads { readers[identity, default: []].append(index) }
        }
        // The first of those that are ready comes next, and stands last here.
        var ready = Array(given.indices.filter { missing[$0] == 0 && !reads[$0].isEmpty }.reversed())
        while let next = ready.popLast() {
            calls.append(given[next])
            for reader in readers[Identity(layer: given[next].entry.name, call: given[next].number)] ?? [] {
                missing[reader] -= 1
                guard missing[reader] == 0 else { continue }
                var (low, high) = (0, ready.count)
                while low < high {
                    let middle = (low + high) / 2
                    if ready[middle] > reader { low = middle + 1 } else { high = middle }
                }
                ready.insert(reader, at: low)
            }
        }
        guard calls.count < inputs.count + given.count else { return }
        let known = done.union(given.map { Identity(layer: $0.entry.name, call: $0.number) })
        let waiting = given.indices.filter { missing[$0] > 0 || reads[$0].isEmpty }
        obstacle = Self.obstacle(given, reads, waiting, known)
    }

    /// A call that reads nothing, or what is not there; else one of a circle.
    private static func obstacle(
        _ given: [Call], _ reads: [Set<Identity>], _ waiting: [Int], _ known: Set<Identity>
    ) -> (layer: String, reason: String) {
        for index in waiting {
            let name = given[index].entry.name
            if reads[index].isEmpty { return (name, "it reads no layer") }
            let inputs = given[index].entry.calls[given[index].number].inputs
            guard let input = inputs.first(where: { !known.contains(Identity(layer: $0.layer, call: $0.call)) }) else {
                continue
            }
            return (
                name,
                known.contains { $0.layer == input.layer }
                    ? "it reads call \(input.call) of \(input.layer), which is not called so often"
                    : "it reads \(input.layer), which is no layer of the model"
            )
        }
        // All that is missing waits too: who follows it comes back to where it has been.
        let places = Dictionary(
            waiting.map { (Identity(layer: given[$0].entry.name, call: given[$0].number), $0) }
        ) { first, _ in first }
        var met: Set<Int> = []
        var index = waiting[0]
        while met.insert(index).inserted {
            let inputs = given[index].entry.calls[given[index].number].inputs
            let next = inputs.lazy.compactMap { places[Identity(layer: $0.layer, call: $0.call)] }.first
            guard let next else { break }
            index = next
        }
        return (given[index].entry.name, "it reads a layer that reads it in turn: layers in a circle")
    }
}
