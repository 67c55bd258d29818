import MessagePassing
import Training

var agreementChecks: [RankCheck] {
    [
        RankCheck("ranks that hold the same facts, in any order, agree") { check in
            let facts = [SharedFact("version", "1"), SharedFact("seed", "7")]
            try check.world.agree(on: check.rank % 2 == 0 ? facts : facts.reversed())
        },
        RankCheck("a fact that one rank holds differently is named on all ranks, with the ranks") { check in
            if check.size == 1 { return }
            let odd = check.size - 1
            let facts = [SharedFact("version", "1"), SharedFact("seed", check.rank == odd ? "8" : "7")]
            let error = disagreement(check, facts)
            check.expect(error?.differences.map(\.name), equals: ["seed"], "names")
            let holdings = error?.differences.first?.holdings ?? []
            check.expect(holdings.map(\.value), equals: ["7", "8"], "values")
            check.expect(holdings.map(\.ranks), equals: [Array(0..<odd), [odd]], "ranks")
            let text = error?.description ?? ""
            check.expect(text.contains("seed") && text.contains("rank \(odd) has `8`"), "unclear: \(text)")
        },
        RankCheck("lists of different lengths do not agree, and nothing hangs") { check in
            if check.size == 1 { return }
            let facts = [SharedFact("version", "1"), SharedFact("resume", "run.h5")]
            let error = disagreement(check, check.rank == 0 ? [] : facts)
            check.expect(error?.differences.map(\.name), equals: ["version", "resume"], "names")
            check.expect(error?.differences.first?.holdings.first?.value, equals: .some(nil), "what rank 0 holds")
        },
    ]
}

private func disagreement(_ check: CheckContext, _ facts: [SharedFact]) -> DisagreementError? {
    do {
        try check.world.agree(on: facts)
    } catch let error as DisagreementError {
        return error
    } catch {
        check.note(error)
    }
    return nil
}
