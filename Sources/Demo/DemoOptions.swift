/// What the demo is asked to do.
public struct DemoOptions: Sendable {
    /// Where the spans go: the address of OTLP over HTTP, without the path.
    public var target: String
    /// Where the demo itself answers.
    public var listenHost = "127.0.0.1"
    /// The port; 0 for any free one.
    public var listenPort = 9779
    /// Requests a second.
    public var rate = 5.0
    /// What the sequence of requests follows from.
    public var seed: UInt64 = 1
    /// How many requests are sent; nil for no end. Afterwards the demo goes on answering.
    public var requestLimit: Int?
    /// What goes wrong from the start.
    public var initialFaults: Set<Fault> = []
    /// A token for the target.
    public var bearerToken: String?

    /// The most requests a second that may be asked for.
    public static let rateLimit = 1_000.0
    /// The slowest load, requests a second: slower ones would wait longer than a clock counts.
    public static let leastRate = 0.001

    /// Describes a demo that sends to `target`.
    public init(target: String) { self.target = target }

    /// Takes `HOST:PORT` apart; the host must be this machine, as anybody who reaches the demo can make it fail.
    public mutating func setListen(_ text: String) throws(DemoError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .invalidOption(name: "--listen", value: text, reason: "it must look like 127.0.0.1:9779")
        }
        let host = text[..<colon].trimmingPrefix("[")
        let name = host.hasSuffix("]") ? String(host.dropLast()) : String(host)
        guard ["127.0.0.1", "::1", "localhost"].contains(name) else {
            throw .invalidOption(name: "--listen", value: text, reason: "the demo answers on loopback addresses only")
        }
        listenHost = name
        listenPort = Int(port)
    }

    /// Throws when a value is out of its range.
    func validate() throws(DemoError) {
        guard rate >= Self.leastRate, rate <= Self.rateLimit else {
            throw .invalidOption(
                name: "--rate", value: "\(rate)",
                reason: "it must be at least \(Self.leastRate) and at most \(Self.rateLimit) requests a second")
        }
        if let requestLimit, requestLimit < 0 {
            throw .invalidOption(name: "--requests", value: "\(requestLimit)", reason: "it cannot be negative")
        }
        guard target.hasPrefix("http://") || target.hasPrefix("https://") else {
            throw .invalidOption(name: "--target", value: target, reason: "it must look like http://127.0.0.1:9777")
        }
    }
}
