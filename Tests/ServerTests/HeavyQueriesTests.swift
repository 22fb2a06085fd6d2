import Testing

@testable import Server

@Suite("What was heavy lately")
struct HeavyQueriesTests {
    @Test("it is remembered by expression, span and step until it is light or others are many")
    func remembered() {
        let memory = HeavyQueries()
        let first = QueryKey(expression: "up", span: 60, step: 1)
        memory.note(first, isHeavy: true)
        memory.note(first, isHeavy: true)
        #expect(memory.contains(first))
        #expect(!memory.contains(QueryKey(expression: "up", span: 60, step: 2)))
        memory.note(first, isHeavy: false)
        #expect(!memory.contains(first))
        memory.note(first, isHeavy: true)
        for index in 0..<HeavyQueries.countLimit { memory.note(QueryKey(expression: "\(index)"), isHeavy: true) }
        #expect(!memory.contains(first))
        #expect(memory.contains(QueryKey(expression: "\(HeavyQueries.countLimit - 1)")))
    }
}
