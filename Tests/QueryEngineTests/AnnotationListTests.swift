import QueryLanguages
import Testing

@testable import QueryEngine

@Suite("Annotations of a query")
struct AnnotationListTests {
    @Test("the same sentence about two parts is said once, with the place of the last")
    func lastPlace() {
        let list = AnnotationList(expression: "rate(a[5m]) + rate(a[5m])")
        list.add(.info, "metric might not be a counter", at: 5)
        list.add(.info, "metric might not be a counter", at: 19)
        list.add(.warning, "metric might not be a counter", at: 5)
        #expect(
            list.all.map(\.description) == [
                "PromQL info: metric might not be a counter (1:20)", "PromQL warning: metric might not be a counter (1:6)",
            ])
        #expect(list.omitted.isEmpty)
    }

    @Test("beyond ten of a level they are counted, the same one once")
    func omitted() {
        let list = AnnotationList(expression: "a")
        for number in 0..<12 { list.add(.info, "\(number)", at: 0) }
        list.add(.info, "11", at: 0)
        list.add(.warning, "w", at: 0)
        #expect(list.all.count == 11)
        #expect(list.omitted == [.info: 2])
    }
}
