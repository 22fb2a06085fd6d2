import HTTPTransport
import Platform
import ServiceLifecycle
import Synchronization

/// Sends the requests of a ``LoadPlan`` at a steady rate, without waiting for answers, but never too many at once.
struct LoadGenerator: Service {
    /// How many times as many requests come in a surge.
    static let surgeFactor = 5.0
    /// How many requests are under way at once; further ones are not sent, and counted.
    private static let openLimit = 64
    /// How far the load may fall behind its rate before it gives up catching up, in nanoseconds.
    private static let lagLimit: UInt64 = 1_000_000_000

    let shop: Shop
    let options: DemoOptions

    /// Works until the limit of requests is reached or the demo is stopped; returns when all answers have come.
    func run() async throws {
        guard let origin = await shop.whenReady()?.gateway else { return }
        let open = OpenRequests()
        await withDiscardingTaskGroup { group in
            var plan = LoadPlan(seed: options.seed)
            var sentCount = 0
            var due = shop.time.monotonic()
            while sentCount < options.requestLimit ?? .max, await wait(until: &due) {
                let request = plan.next()
                guard open.begin(limit: Self.openLimit) else {
                    shop.ledger.shed()
                    continue
                }
                sentCount += 1
                group.addTask {
                    await send(request, to: origin)
                    open.end()
                }
            }
        }
        if Task.isCancelled || Task.isShuttingDownGracefully { return }
        shop.ledger.loadFinished()
        // A service that returns would end all others; the shop stays open to be looked at.
        try? await gracefulShutdown()
    }

    /// Sleeps until the next request is due; false when the demo is being stopped.
    private func wait(until due: inout UInt64) async -> Bool {
        let factor = shop.faults.isOn(.trafficSurge) ? Self.surgeFactor : 1
        due &+= UInt64(1e9 / (options.rate * factor))
        let now = shop.time.monotonic()
        if due &+ Self.lagLimit < now { due = now }
        if due > now {
            let pause = due - now
            _ = try? await cancelWhenGracefulShutdown { try await shop.time.sleep(nanoseconds: pause) }
        }
        return !Task.isCancelled && !Task.isShuttingDownGracefully
    }

    private func send(_ request: LoadPlan.Request, to origin: String) async {
        let call = HTTPCall(
            method: request.method, url: origin + request.path, headers: [HTTPHeader("X-Forwarded-For", request.client)],
            body: Array(request.body.utf8), timeout: .seconds(30))
        do {
            let answer = try await shop.transport.send(call)
            shop.ledger.answered("\(request.method) \(request.route)", status: answer.status)
        } catch {
            shop.ledger.unanswered()
        }
    }
}

/// How many requests are under way.
private final class OpenRequests: Sendable {
    private let count = Atomic<Int>(0)

    /// Counts one more, unless there are too many already.
    func begin(limit: Int) -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        end()
        return false
    }

    func end() { count.wrappingSubtract(1, ordering: .relaxed) }
}
