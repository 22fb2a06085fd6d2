import Platform
import TelemetryModel
import Testing

@Suite("Order of labels")
struct LabelOrderTests {
    /// Label by label, name before value, by bytes; a list that ends first comes first.
    private static func precedes(_ a: Labels, _ b: Labels) -> Bool {
        let left = a.list.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }
        let right = b.list.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }
        return left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
    }

    @Test("is that of names and values, whatever their lengths and wherever they differ")
    func order() {
        let seed: UInt64 = 5
        var random = SeededRandom(seed: seed)
        let texts = ["a", "b", "ab", "aa", "é", "host-00.dc1", "host-01.dc1", "host-0", "x\u{7f}"]
        var differing = 0
        func labels() -> Labels {
            Labels(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    let long = String(repeating: "v", count: Int.random(in: 120...135, using: &random))
                    let value =
                        Int.random(in: 0..<4, using: &random) == 0 ? long : texts[Int.random(in: 0..<texts.count, using: &random)]
                    return Label(texts[Int.random(in: 0..<3, using: &random)], value)
                })
        }
        for _ in 0..<20_000 {
            let (a, b) = (labels(), labels())
            #expect((a < b) == Self.precedes(a, b), "seed \(seed): \(a) \(b)")
            #expect((Labels.compare(a.bytes, b.bytes) == 0) == (a == b), "seed \(seed): \(a) \(b)")
            if a != b { differing += 1 }
        }
        #expect(differing > 10_000)
    }
}
