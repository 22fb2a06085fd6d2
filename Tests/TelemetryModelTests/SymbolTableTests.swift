import Testing

@testable import TelemetryModel

@Suite struct SymbolTableTests {
    @Test("a symbol of another table gets the number that its bytes have, or a new one") func symbolOfAnotherTable() {
        var source = SymbolTable()
        var target = SymbolTable()
        let texts = (0..<500).map { "text \($0 * $0)" } + ["", "ü", String(repeating: "long ", count: 40)]
        for text in texts { _ = source.intern(text) }
        for text in texts.reversed().filter({ $0.utf8.count % 2 == 0 }) { _ = target.intern(text) }
        for text in texts {
            let before = target.find(text)
            let symbol = source.find(text).map { target.intern($0, of: source) }
            #expect(symbol == target.find(text))
            #expect(before == nil || symbol == before)
            #expect(symbol.map { target.string($0) } == text)
        }
        #expect(target.count == source.count)
    }
}
