import Synchronization

/// What can be made to go wrong while the demo runs.
public enum Fault: String, CaseIterable, Codable, Sendable {
    /// The catalogue lists products by joining two tables without an index.
    case slowSQL = "slow-sql"
    /// The catalogue lists products with one statement each.
    case nPlusOne = "n-plus-one"
    /// The payment service fails for every third user.
    case errors
    /// The catalogue burns processor time in every request.
    case cpuBurn = "cpu-burn"
    /// The payment service waits before it answers.
    case slowDependency = "slow-dependency"
    /// Five times as many requests come.
    case trafficSurge = "traffic-surge"

    /// What happens, as a sentence.
    public var explanation: String {
        switch self {
        case .slowSQL: "GET /products joins products and reviews without an index."
        case .nPlusOne: "GET /products fetches every product of the page with a statement of its own."
        case .errors: "The payment service answers 500 for every user whose id is divisible by \(PaymentService.unluckyDivisor)."
        case .cpuBurn: "The catalogue burns \(CatalogueService.burnMilliseconds) ms of processor time in every request."
        case .slowDependency: "The payment service waits \(PaymentService.delayMilliseconds) ms before it answers."
        case .trafficSurge: "The load sends \(LoadGenerator.surgeFactor) times as many requests."
        }
    }
}

/// Which faults are on.
final class FaultSwitches: Sendable {
    private let active: Mutex<Set<Fault>>

    init(_ initial: Set<Fault>) { active = Mutex(initial) }

    func isOn(_ fault: Fault) -> Bool { active.withLock { $0.contains(fault) } }

    func set(_ fault: Fault, on: Bool) { active.withLock { if on { $0.insert(fault) } else { $0.remove(fault) } } }
}
