import Logging
import Platform
import StateStore
import Storage
import StrictYAML
import Synchronization
import TelemetryModel
import TestSupport
import Testing

@testable import Alerting

@Suite("Alerting service")
struct AlertingServiceTests {
    static let rules =
        "groups:\n- name: g\n  interval: 15s\n  rules:\n  - {alert: Down, expr: up == 0}\n  - {record: 'job:up', expr: up}\n"
    static let routes =
        "route: {receiver: x, group_wait: 0}\nreceivers: [{name: x, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]"

    static func service(_ store: InMemoryStore, _ state: StateStore, _ time: ManualTime, isDown: Switch) throws -> AlertingService {
        AlertingService(
            groups: try RuleFileLoader.load(rules, file: "f"),
            configuration: try AlertingConfiguration(try YAMLValue.parse(routes, file: "c")),
            query: { expression, _ in
                expression == "up" || isDown.value
                    ? [RuleSample(labels: Labels(["__name__": "up", "job": "api"]), value: isDown.value ? 0 : 1)] : []
            }, writer: store, state: state, pool: BlockingPool(name: "test", threadCount: 1, queueLimit: 16), time: time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test("Firing and resolved reach the outbox once each, also over a restart")
    func outbox() async throws {
        let time = ManualTime(now: 1_700_000_000_000_000_000)
        let store = InMemoryStore(time: time)
        let state = try StateStore()
        let isDown = Switch(true)
        let service = try Self.service(store, state, time, isDown: isDown)
        try await service.tick()
        try await service.tick()
        #expect(try state.outboxCounts().pending == 1)
        let again = try Self.service(store, state, time, isDown: isDown)
        time.advance(nanoseconds: 400_000_000_000)
        try await again.tick()
        #expect(try state.outboxCounts().pending == 1)
        isDown.value = false
        time.advance(nanoseconds: 400_000_000_000)
        try await again.tick()
        #expect(try state.outboxCounts().pending == 2)
    }

    @Test("Recorded series and the state of alerts are stored")
    func storedSeries() async throws {
        let time = ManualTime(now: 1_700_000_000_000_000_000)
        let store = InMemoryStore(time: time)
        let service = try Self.service(store, try StateStore(), time, isDown: Switch(true))
        try await service.tick()
        let all = SeriesQuery([], from: 0, through: .max)
        #expect(
            try store.series(all, limit: 10).map(\.description) == [
                "ALERTS{alertname=\"Down\", alertstate=\"firing\", job=\"api\"}",
                "ALERTS_FOR_STATE{alertname=\"Down\", job=\"api\"}", "job:up{job=\"api\"}",
            ])
    }
}

/// A condition that a test turns on and off.
final class Switch: Sendable {
    private let state: Mutex<Bool>

    init(_ value: Bool) { state = Mutex(value) }

    var value: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
