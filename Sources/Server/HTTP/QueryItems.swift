import Foundation

/// The parameters of a query string or a form, in order; a name may repeat.
struct QueryItems: Sendable, Equatable {
    /// More parameters than this are refused.
    static let countLimit = 10_000

    /// Names with values, decoded.
    private(set) var items: [(name: String, value: String)] = []

    /// No parameters.
    init() {}

    /// Parameters that came another way than in a query string.
    init(_ items: [(name: String, value: String)]) { self.items = items }

    /// Decodes `a=1&b=x+y%21`; throws an ``APIError`` for what is no percent-encoded UTF-8.
    init(parsing text: some StringProtocol) throws {
        for pair in text.split(separator: "&") {
            if items.count == Self.countLimit {
                throw APIError(.badRequest, code: "bad_parameter", "There are more than \(Self.countLimit) parameters.")
            }
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((try Self.decode(parts[0]), parts.count > 1 ? try Self.decode(parts[1]) : ""))
        }
    }

    /// The first value of a name, or nil.
    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// Whether a name is there, perhaps without a value.
    func contains(_ name: String) -> Bool { items.contains { $0.name == name } }

    /// The first value of each name.
    var firstValues: [String: String] { Dictionary(items.map { ($0.name, $0.value) }) { first, _ in first } }

    /// Every value of a name, in order.
    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// These parameters, then the others.
    func appending(_ other: QueryItems) -> QueryItems {
        var sum = self
        sum.items += other.items
        return sum
    }

    /// Equal when names and values are, in order.
    static func == (a: QueryItems, b: QueryItems) -> Bool {
        a.items.count == b.items.count && zip(a.items, b.items).allSatisfy { $0 == $1 }
    }

    private static func decode(_ text: some StringProtocol) throws -> String {
        guard let decoded = String(text).replacing("+", with: " ").removingPercentEncoding else {
            throw APIError(.badRequest, code: "bad_parameter", "'\(text.prefix(60))' is not percent-encoded UTF-8.")
        }
        return decoded
    }
}

extension QueryItems {
    /// The value of a parameter that must be there.
    func required(_ name: String) throws -> String {
        guard let value = self[name], !value.isEmpty else {
            throw APIError(.badRequest, code: "missing_parameter", "The parameter '\(name)' is missing.", where: name)
        }
        return value
    }

    /// A whole number within limits, or a default when the parameter is missing or empty.
    func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = self[name], !text.isEmpty else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw APIError(
                .badRequest, code: "bad_parameter",
                "'\(text.prefix(60))' is no whole number from \(range.lowerBound) to \(range.upperBound).", where: name)
        }
        return value
    }

    /// An unsigned number, or nil when the parameter is missing or empty.
    func unsigned(_ name: String) throws -> UInt64? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = UInt64(text) else {
            throw APIError(.badRequest, code: "bad_parameter", "'\(text.prefix(60))' is no whole number.", where: name)
        }
        return value
    }

    /// `true`/`1` or `false`/`0`; missing is false.
    func flag(_ name: String) throws -> Bool {
        switch self[name]?.lowercased() {
        case nil, "", "false", "0": return false
        case "true", "1": return true
        case .some(let text):
            throw APIError(.badRequest, code: "bad_parameter", "'\(text.prefix(60))' is neither true nor false.", where: name)
        }
    }
}
