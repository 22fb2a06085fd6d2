import Logging
import Platform
import ServiceLifecycle
import Storage
import Synchronization

/// Syncs the store's logs once a second and lets the store cut, compact and delete every few seconds. Says through the
/// readiness when the store takes nothing in.
final class StoreUpkeep: Service {
    /// What is done again and again.
    enum Duty: String {
        /// Making what was logged survive the loss of power.
        case sync
        /// Cutting, compaction and retention.
        case maintenance

        /// Nanoseconds between the end of one time and the beginning of the next.
        var interval: UInt64 {
            switch self {
            case .sync: 1_000_000_000
            case .maintenance: 5_000_000_000
            }
        }
    }

    private let duty: Duty
    private let store: any Maintenance
    private let pool: BlockingPool
    private let time: any TimeSource
    private let readiness: Readiness
    private let logger: Logger
    /// What has been said of the store's damages and refusals, so that it is said once.
    private let said = Mutex<Set<String>>([])

    init(
        duty: Duty, store: any Maintenance, pool: BlockingPool, time: any TimeSource, readiness: Readiness, logger: Logger
    ) {
        self.duty = duty
        self.store = store
        self.pool = pool
        self.time = time
        self.readiness = readiness
        self.logger = logger
    }

    /// Goes on until the task is cancelled, which ends the next sleep with `CancellationError`.
    func run() async throws {
        report(store.status())
        while true {
            try await time.sleep(nanoseconds: duty.interval)
            await once()
        }
    }

    /// Does its duty once and reports.
    func once() async {
        let store = store
        let duty = duty
        do {
            let status = try await pool.run {
                switch duty {
                case .sync: try store.sync()
                case .maintenance:
                    try store.maintain()
                    // What cuts, merges and bursts of intake have left.
                    ProcessMemory.giveBack()
                }
                return store.status()
            }
            readiness.set("store \(duty.rawValue)", nil)
            readiness.set("store", status.writeRefusal)
            report(status)
        } catch {
            readiness.set("store \(duty.rawValue)", "The \(duty.rawValue) of the store failed: \(error)")
            logger.error("The \(duty.rawValue) of the store failed.", metadata: ["error": "\(error)"])
        }
    }

    /// Logs what is new about damages, and each beginning and end of a refusal to take telemetry in.
    private func report(_ status: StoreStatus) {
        guard duty == .sync else { return }
        let refusal = status.writeRefusal.map { "The store takes nothing in: \($0)" }
        let news = said.withLock { said in
            let now = Set(status.damages + [refusal].compactMap { $0 })
            defer { said = now }
            return now.subtracting(said).sorted()
        }
        for sentence in news { logger.error("\(sentence)") }
    }
}
