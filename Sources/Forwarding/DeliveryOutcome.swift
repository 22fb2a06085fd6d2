import ByteCoding
import HTTPTransport

/// What the server made of a request.
enum DeliveryOutcome: Equatable {
    /// It has it, but for so many items that it refused, and says why.
    case accepted(rejected: Int, message: String)
    /// It is away, busy, or does not know us: the request waits.
    case later(reason: String, retryAfter: Duration?)
    /// It will never take this request.
    case refused(reason: String)

    /// Statuses after which a request waits: the retryable ones of OTLP, and those that a wrong token or address brings, which
    /// somebody will put right.
    private static let waitingStatuses: Set<Int> = RetryPolicy.otlpStatuses.union([401, 403, 404, 405, 407, 408])
    /// How much of a server's sentence is repeated in the log.
    private static let messageLimit = 300

    init(_ answer: HTTPAnswer, now: UInt64) {
        if answer.isSuccess {
            let (rejected, message) = Self.partialSuccess(answer.body)
            self = .accepted(rejected: rejected, message: String(message.prefix(Self.messageLimit)))
        } else if Self.waitingStatuses.contains(answer.status) {
            self = .later(reason: "it answers with status \(answer.status)", retryAfter: answer.retryAfter(now: now))
        } else {
            let text = String(answer.text.unicodeScalars.filter { $0.value >= 0x20 }.prefix(Self.messageLimit).map(Character.init))
            self = .refused(reason: "status \(answer.status)\(text.isEmpty ? "" : ": \(text)")")
        }
    }

    /// `ExportTraceServiceResponse` and its like: partial_success (1) with the rejected items (1) and a message (2). What
    /// cannot be read says nothing.
    static func partialSuccess(_ body: [UInt8]) -> (rejected: Int, message: String) {
        body.withUnsafeBytes { raw in
            var rejected = 0
            var message = ""
            var fields = ProtobufReader(raw)
            do {
                while try fields.nextField() {
                    guard fields.fieldNumber == 1 else {
                        try fields.skipValue()
                        continue
                    }
                    var partial = try fields.message()
                    while try partial.nextField() {
                        switch partial.fieldNumber {
                        case 1: rejected = Int(clamping: Int64(bitPattern: try partial.varint()))
                        case 2: message = try partial.string()
                        default: try partial.skipValue()
                        }
                    }
                }
            } catch { return (max(0, rejected), message) }
            return (max(0, rejected), message)
        }
    }
}
