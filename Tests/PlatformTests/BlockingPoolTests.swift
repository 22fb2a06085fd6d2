import Foundation
import Platform
import Testing

@Suite("Threads for what blocks")
struct BlockingPoolTests {
    private final class Material: Sendable {
        func use() {}
    }

    private struct Observer {
        weak var material: Material?
    }

    @Test("work that is done is let go of, though the queue never runs dry")
    func release() throws {
        let pool = BlockingPool(name: "test", threadCount: 1, queueLimit: 4)
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        func submitGate() throws {
            try pool.submit {
                begun.signal()
                gate.wait()
            }
        }
        try submitGate()
        begun.wait()
        for _ in 0..<20 {
            let material = Material()
            let observer = Observer(material: material)
            try pool.submit { [material] in material.use() }
            try submitGate()
            try submitGate()
            _ = consume material
            gate.signal()
            begun.wait()
            // What used it has been done, and another gate waits behind the one that has begun.
            #expect(observer.material == nil)
            gate.signal()
            begun.wait()
        }
        gate.signal()
    }
}
