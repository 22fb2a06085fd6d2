import DashboardFiles
import StrictYAML

/// What a page shows, as a file in `Dashboards/` declares it.
struct Dashboard: Sendable {
    struct Query: Sendable {
        var expression: String
        var legend: String
    }

    struct Panel: Sendable {
        var kind: String
        var title: String
        var unit: Quantity.Unit
        var isStacked: Bool
        var queries: [Query]
    }

    var title: String
    var panels: [Panel]

    /// The panels that exist besides `chart`.
    static let kinds: Set<String> = [
        "entry-points", "service-map", "services", "statements", "hosts", "latency", "call-chain", "operations", "dependencies",
        "resources", "waterfall",
    ]

    /// Reads a declaration. Throws `YAMLProblem`.
    init(_ text: String, file: String) throws {
        var root = try YAMLValue.parse(text, file: file).mapping()
        title = try root.require("title").string()
        panels = try root.require("panels").list().map(Self.panel)
        try root.finish()
    }

    private static func panel(_ value: YAMLValue) throws -> Panel {
        var mapping = try value.mapping()
        let kind = try mapping.require("panel").string()
        let title = try mapping.require("title").string()
        let unitName = try mapping.take("unit")?.string() ?? "none"
        let isStacked = try mapping.take("stacked")?.boolean() ?? false
        let queries = try mapping.take("queries")?.list().map(query) ?? []
        try mapping.finish()
        guard kinds.contains(kind) || kind == "chart" else { throw value.problem("There is no panel '\(kind)'.") }
        guard let unit = Quantity.Unit(rawValue: unitName) else { throw value.problem("There is no unit '\(unitName)'.") }
        if kind == "chart", queries.isEmpty { throw value.problem("A chart needs queries.") }
        return Panel(kind: kind, title: title, unit: unit, isStacked: isStacked, queries: queries)
    }

    private static func query(_ value: YAMLValue) throws -> Query {
        var mapping = try value.mapping()
        let query = Query(expression: try mapping.require("expr").string(), legend: try mapping.take("legend")?.string() ?? "")
        try mapping.finish()
        return query
    }

    /// The declarations that are built in, by the page's kind. Throws when one of them cannot be read.
    static func builtIn() throws -> [String: Dashboard] {
        var all: [String: Dashboard] = [:]
        for (kind, text) in DashboardFiles.dashboards { all[kind] = try Dashboard(text, file: "Dashboards/\(kind).yaml") }
        return all
    }
}
