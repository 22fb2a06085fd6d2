import Logging
import Platform
import ServiceLifecycle
import Storage

/// Syncs the store's logs once a second and lets the store cut, compact and delete every few seconds. Says through the
/// readiness when the store takes nothing in.
struct StoreUpkeep: Service {
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

    let duty: Duty
    let store: any Maintenance
    let pool: BlockingPool
    let time: any TimeSource
    let readiness: Readiness
    let logger: Logger

    /// Goes on until the task is cancelled, which ends the next sleep with `CancellationError`.
    func run() async throws {
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
            let refusal = try await pool.run {
                switch duty {
                case .sync: try store.sync()
                case .maintenance: try store.maintain()
                }
                return store.status().writeRefusal
            }
            readiness.set("store \(duty.rawValue)", nil)
            readiness.set("store", refusal)
        } catch {
            readiness.set("store \(duty.rawValue)", "The \(duty.rawValue) of the store failed: \(error)")
            logger.error("The \(duty.rawValue) of the store failed.", metadata: ["error": "\(error)"])
        }
    }
}
