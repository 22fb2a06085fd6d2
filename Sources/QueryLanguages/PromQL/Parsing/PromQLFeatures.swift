/// What of PromQL is experimental and on only when asked for. The names are those of Prometheus's `--enable-feature`.
public struct PromQLFeatures: OptionSet, Sendable, Hashable {
    /// A bit for each feature.
    public let rawValue: Int

    /// Features by their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Functions and aggregations that may still change (`promql-experimental-functions`).
    public static let experimentalFunctions = PromQLFeatures(rawValue: 1)
    /// Arithmetic in durations (`promql-duration-expr`).
    public static let durationExpressions = PromQLFeatures(rawValue: 2)
    /// `anchored` and `smoothed` behind a selector (`promql-extended-range-selectors`).
    public static let extendedRangeSelectors = PromQLFeatures(rawValue: 4)
    /// `fill`, `fill_left` and `fill_right` behind an operator (`promql-binop-fill-modifiers`).
    public static let fillModifiers = PromQLFeatures(rawValue: 8)
    /// All of them.
    public static let all: PromQLFeatures = [.experimentalFunctions, .durationExpressions, .extendedRangeSelectors, .fillModifiers]

    private static let named: [(name: String, feature: PromQLFeatures)] = [
        ("promql-experimental-functions", .experimentalFunctions), ("promql-duration-expr", .durationExpressions),
        ("promql-extended-range-selectors", .extendedRangeSelectors), ("promql-binop-fill-modifiers", .fillModifiers),
    ]

    /// The names of all features.
    public static var allNames: [String] { named.map(\.name) }

    /// The names of these features.
    public var names: [String] { Self.named.filter { contains($0.feature) }.map(\.name) }

    /// The features of a list of names; throws ``Unknown`` for one that is none.
    public init(names: [String]) throws(Unknown) {
        self = []
        for name in names {
            guard let known = Self.named.first(where: { $0.name == name }) else { throw Unknown(name: name) }
            insert(known.feature)
        }
    }

    /// A name that no feature has.
    public struct Unknown: Error, Equatable, Sendable, CustomStringConvertible {
        /// The name.
        public var name: String

        /// Says so, and which names there are.
        public var description: String {
            "There is no feature \"\(name)\"; there are \(PromQLFeatures.allNames.joined(separator: ", "))."
        }
    }
}
