import Answers
import TelemetryModel

/// The panels of a service's page.
enum ServicePanels {
    /// How many call chains a page shows.
    static let chainLimit = 5
    /// How many rows a call chain has at most.
    static let chainRowLimit = 200

    static func latency(_ context: PanelContext, _ service: String) throws -> String {
        let answer = try context.answers.latency(service: service, operation: nil, context.request)
        let charts = LatencyCharts(answer: answer, links: context.links)
        // Said to be texts: a library of the program has a `joined(separator:)` of its own, for what a literal may also be.
        let quantiles = answer.quantiles.map { quantile -> String in
            let name =
                quantile.quantile == 0 ? "least" : quantile.quantile == 1 ? "most" : "p\(Quantity.number(quantile.quantile * 100))"
            return "\(name) \(Quantity.duration(quantile.seconds))"
        }.joined(separator: " · ")
        let line =
            "<p class=\"none\">\(Quantity.count(answer.calls)) calls, \(Quantity.count(answer.errors)) errors · \(quantiles)</p>"
        return line
            + "<div class=\"charts\"><div><h3>Distribution</h3>\(charts.histogram)</div><div><h3>Over time</h3>\(charts.heatMap)</div></div>"
    }

    static func callChain(_ context: PanelContext, _ service: String) throws -> String {
        let operations = try context.answers.service(service, context.request).operations
        let entries = operations.filter(\.isEntry).sorted { ($0.totalSeconds, $1.operation) > ($1.totalSeconds, $0.operation) }
        var html = ""
        for entry in entries.prefix(chainLimit) {
            let chain = try context.answers.callChain(service: service, operation: entry.operation, context.request)
            guard let root = chain.root else { continue }
            html += "<h3>\(HTMLText.escaped(entry.operation)) · \(Quantity.count(chain.requests)) requests</h3>"
            html += context.table(table(root, context))
        }
        if entries.count > chainLimit { html += "<p class=\"none\">and \(entries.count - chainLimit) more entry operations</p>" }
        return html.isEmpty ? "<p class=\"none\">No requests enter here in this range.</p>" : html
    }

    private static func table(_ root: CallChainNode, _ context: PanelContext) -> Table {
        var rows: [[Table.Cell]] = []
        // An explicit stack: a chain may be as deep as the longest trace.
        var stack = [(node: root, depth: 0)]
        while let (node, depth) = stack.popLast(), rows.count < chainRowLimit {
            rows.append(row(node, depth, context))
            stack.append(contentsOf: node.children.reversed().map { ($0, depth + 1) })
        }
        return Table(
            columns: [
                ("Operation", .name), ("Service", .name), ("Calls a request", .number), ("Critical path", .number),
                ("Self", .number), ("p50", .number),
                ("p95", .number), ("Errors", .number), ("p95 change", .number),
            ], rows: rows)
    }

    private static func row(_ node: CallChainNode, _ depth: Int, _ context: PanelContext) -> [Table.Cell] {
        let change = node.change.map { $0.p95Seconds } ?? 0
        let changeText = node.change == nil ? "" : (change >= 0 ? "+" : "−") + Quantity.duration(change.magnitude)
        let isWorse = change > 0.5 * max(node.p95Seconds - change, 0.001)
        return [
            Table.Cell((node.asynchronous ? "⤳ " : "") + node.operation, title: node.kind, depth: depth),
            context.serviceCell(node.service),
            Table.Cell(Quantity.number(node.callsPerRequest)),
            Table.Cell(Quantity.percent(node.criticalShare), share: node.criticalShare),
            Table.Cell(Quantity.duration(node.calls > 0 ? node.selfSeconds / Double(node.calls) : 0)),
            Table.Cell(Quantity.duration(node.p50Seconds)),
            Table.Cell(Quantity.duration(node.p95Seconds)), Table.errors(node.errors, of: node.calls),
            Table.Cell(changeText, kind: isWorse ? .bad : .number),
        ]
    }

    static func operations(_ context: PanelContext, _ service: String) throws -> String {
        let rows = try context.answers.top(TopQuestion(of: .operation, by: .total, service: service), context.request).rows
        return context.table(
            Table(
                columns: [
                    ("Operation", .name), ("Calls", .number), ("Total", .number), ("Self", .number), ("p50", .number),
                    ("p95", .number), ("p99", .number),
                    ("Errors", .number), ("Slowest", .name),
                ],
                rows: rows.prefix(50).map { row in
                    [
                        Table.Cell(row.key["operation"] ?? ""), Table.Cell(Quantity.count(row.calls)),
                        Table.Cell(Quantity.duration(row.totalSeconds)),
                        Table.Cell(row.selfSeconds.map { Quantity.duration($0) } ?? "–"),
                        Table.Cell(Quantity.duration(row.p50Seconds)),
                        Table.Cell(Quantity.duration(row.p95Seconds)), Table.Cell(Quantity.duration(row.p99Seconds)),
                        Table.errors(row.errors, of: row.calls), context.traceCell(row.exemplarTraceIDs),
                    ]
                }))
    }

    static func dependencies(_ context: PanelContext, _ service: String) throws -> String {
        let answer = try context.answers.service(service, context.request)
        let edges = answer.callers.map { ("called by", $0.caller, $0) } + answer.dependencies.map { ("calls", $0.callee, $0) }
        return context.table(
            Table(
                columns: [
                    ("", .name), ("Other side", .name), ("Kind", .name), ("Calls", .number), ("Errors", .number), ("p95", .number),
                    ("Seen by", .name),
                ],
                rows: edges.map { direction, other, edge in
                    [
                        Table.Cell(direction), context.serviceCell(other), Table.Cell(edge.kind),
                        Table.Cell(Quantity.count(edge.calls)),
                        Table.errors(edge.errors, of: edge.calls), Table.Cell(Quantity.duration(edge.p95Seconds)),
                        Table.Cell(edge.seenBy.rawValue),
                    ]
                }))
    }

    /// Statements of the service, or of all services on the overview.
    static func statements(_ context: PanelContext) throws -> String {
        let statements = try context.answers.statements(service: context.service, context.request).statements
        return context.table(
            Table(
                columns: [
                    ("Statement", .code), ("System", .name), ("Calls", .number), ("Total", .number), ("p95", .number),
                    ("Errors", .number), ("Callers", .name),
                    ("Share of caller", .number), ("", .name), ("Slowest", .name),
                ],
                rows: statements.prefix(30).map { row(statement: $0, context) }))
    }

    private static func row(statement: StatementSummary, _ context: PanelContext) -> [Table.Cell] {
        let callers = statement.callers.map { "\($0.service) \($0.operation) (\(Quantity.number($0.callsPerRequest)) a request)" }
        let share = statement.callers.map(\.endpointShare).max() ?? 0
        return [
            Table.Cell(HTMLText.shortened(statement.fingerprint, 300), title: statement.fingerprint),
            Table.Cell(statement.namespace.isEmpty ? statement.system : "\(statement.system) \(statement.namespace)"),
            Table.Cell(Quantity.count(statement.calls)), Table.Cell(Quantity.duration(statement.totalSeconds)),
            Table.Cell(Quantity.duration(statement.p95Seconds)), Table.errors(statement.errors, of: statement.calls),
            Table.Cell(HTMLText.shortened(callers.joined(separator: ", "), 160), title: callers.joined(separator: ", ")),
            Table.Cell(Quantity.percent(share), share: share),
            statement.nPlusOne
                ? Table.Cell("N+1", kind: .bad, title: "up to \(statement.maximumPerRequest) in one request") : Table.Cell(""),
            context.traceCell(statement.exemplarTraceIDs),
        ]
    }

    /// What the hosts of the service's instances did.
    static func resources(_ context: PanelContext, _ service: String) throws -> String {
        let answer = try context.answers.resources(service: service, context.request)
        guard let from = RFC3339.nanoseconds(answer.axis.from) else { return "" }
        let start = Int64(from / 1_000_000)
        let step = Int64(answer.axis.stepSeconds * 1_000)
        var html = ""
        for host in answer.hosts {
            let link = context.links.href(.host(host.host)).map {
                "<a href=\"\(HTMLText.escaped($0))\">\(HTMLText.escaped(host.host))</a>"
            }
            html += "<h3>\(link ?? HTMLText.escaped(host.host)) · \(host.instances.count) instances</h3><div class=\"charts\">"
            for (resource, series) in Dictionary(grouping: host.series, by: { $0.resource + " " + $0.unit }).sorted(by: {
                $0.key < $1.key
            }) {
                let lines = series.map { line in
                    let points = line.values.enumerated().compactMap { index, value in
                        value.map { (time: start + Int64(index) * step, value: $0) }
                    }
                    return (name: line.name, points: points)
                }
                let chart = LineChart(
                    from: start, to: start + step * Int64(max(answer.axis.count - 1, 1)), step: step, unit: unit(series[0]),
                    isStacked: false,
                    series: lines)
                html +=
                    "<div><h3>\(HTMLText.escaped(resource.split(separator: " ").first.map(String.init) ?? resource))</h3>\(chart.html)</div>"
            }
            html += "</div>"
        }
        return html.isEmpty ? "<p class=\"none\">No agent reports from the hosts of this service.</p>" : html
    }

    private static func unit(_ series: ResourceSeries) -> Quantity.Unit {
        switch series.unit {
        case "By": .bytes
        case "By/s": .bytesPerSecond
        case "s": .seconds
        default: series.resource == "load" ? .none : .share
        }
    }
}
