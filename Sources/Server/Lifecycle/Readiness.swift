import Synchronization

/// Whether the server can do its duty, and why not.
final class Readiness: Sendable {
    private let refusals = Mutex<[String: String]>([:])

    /// Ready, as far as anybody has said.
    init() {}

    /// Says that one part of the server cannot do its duty, or with nil that it can again.
    func set(_ part: String, _ reason: String?) { refusals.withLock { $0[part] = reason } }

    /// Why the server is not ready: a sentence for each part; empty when it is.
    var reasons: [String] { refusals.withLock { refusals in refusals.keys.sorted().compactMap { refusals[$0] } } }
}
