import TelemetryModel
import Testing
import TraceAnalysis

@Suite("RollupVocabulary")
struct RollupVocabularyTests {
    private func operations(_ names: some Sequence<String>, of service: String = "wide") -> RollupTable {
        var table = RollupTable()
        for name in names {
            var row = OperationRollup()
            row.calls = 1
            table.operations[OperationKey(minute: 1, service: service, operation: name, kind: .server)] = row
            var node = NodeRollup()
            node.calls = 1
            let key = NodeKey(minute: 1, entryService: service, entryOperation: name, service: service, operation: name)
            table.nodes[key] = node
        }
        return table
    }

    private func calls(_ table: RollupTable) -> [String: UInt64] {
        table.operations.reduce(into: [:]) { $0[$1.key.operation, default: 0] += $1.value.calls }
    }

    @Test("operations beyond the limit count under __other__, over several tables and in nodes too")
    func operationLimit() {
        var vocabulary = RollupVocabulary()
        let first = vocabulary.bounded(operations((0..<600).map { "op \($0)" }))
        let second = vocabulary.bounded(operations((300..<1200).map { "op \($0)" }))
        var sum = first
        sum.merge(second)
        #expect(calls(sum).count == RollupVocabulary.operationLimit + 1)
        #expect(calls(sum)[RollupTable.other] == 200)
        #expect(calls(sum).values.reduce(0, +) == 1500)
        #expect(sum.nodes.values.reduce(0) { $0 + $1.calls } == 1500)
        #expect(sum.nodes.keys.contains { $0.operation == RollupTable.other && $0.entryOperation == RollupTable.other })
        #expect(calls(vocabulary.bounded(operations(["x"], of: "another"))) == ["x": 1])
    }

    @Test("a name keeps its place, so that what is taken back was counted there")
    func places() {
        var vocabulary = RollupVocabulary()
        _ = vocabulary.bounded(operations((0..<1001).map { "op \($0 + 1000)" }))
        let late = operations(["op 1000", "op 2000", "late"])
        var sum = vocabulary.bounded(late)
        sum.subtract(vocabulary.bounded(late))
        #expect(sum.isEmpty)
        #expect(calls(vocabulary.bounded(late)) == ["op 1000": 1, RollupTable.other: 2])
    }

    @Test("statements beyond the limit count under __other__, and so do the operations that call them")
    func statementLimit() {
        var vocabulary = RollupVocabulary()
        vocabulary.learn(operations((0..<1000).map { "op \($0)" }, of: "shop"))
        var table = RollupTable()
        for number in 0..<(RollupVocabulary.fingerprintLimit + 7) {
            var row = StatementRollup()
            row.calls = 1
            let key = StatementKey(
                minute: 1, system: "sqlite", namespace: "", host: "", fingerprint: "SELECT c\(number)", callerService: "shop",
                callerOperation: number % 2 == 0 ? "op 1" : "unknown")
            table.statements[key] = row
        }
        let bounded = vocabulary.bounded(table).statements
        #expect(Set(bounded.keys.map(\.fingerprint)).count == RollupVocabulary.fingerprintLimit + 1)
        #expect(bounded.values.reduce(0) { $0 + $1.calls } == UInt64(RollupVocabulary.fingerprintLimit + 7))
        #expect(Set(bounded.keys.map(\.callerOperation)) == ["op 1", RollupTable.other])
    }
}
