import Answers

/// The panels of the overview.
enum OverviewPanels {
    /// The operations that outsiders call: availability, rate and latency.
    static func entryPoints(_ context: PanelContext) throws -> String {
        let services = try context.answers.services(context.request).services
        let entries = Set(services.filter { $0.layer == .entry }.map(\.name))
        let top = try context.answers.top(TopQuestion(of: .endpoint, by: .calls), context.request).rows
        let rows = top.filter { entries.contains($0.key["service"] ?? "") }
        return context.table(
            Table(
                columns: [
                    ("Service", .name), ("Operation", .name), ("Calls", .number), ("Rate", .number), ("Availability", .number),
                    ("p50", .number),
                    ("p95", .number), ("p99", .number), ("Slowest", .name),
                ],
                rows: rows.map { row in
                    let availability = row.calls > 0 ? 1 - Double(row.errors) / Double(row.calls) : 1
                    return [
                        context.serviceCell(row.key["service"] ?? ""), Table.Cell(row.key["operation"] ?? ""),
                        Table.Cell(Quantity.count(row.calls)),
                        Table.Cell(Quantity.text(Double(row.calls) / max(context.seconds, 1), .perSecond)),
                        Table.Cell(
                            Quantity.percent(availability), kind: availability < 0.99 ? .bad : .good,
                            title: "\(row.errors) of \(row.calls) failed"),
                        Table.Cell(Quantity.duration(row.p50Seconds)), Table.Cell(Quantity.duration(row.p95Seconds)),
                        Table.Cell(Quantity.duration(row.p99Seconds)), context.traceCell(row.exemplarTraceIDs),
                    ]
                }))
    }

    /// Who calls whom.
    static func serviceMap(_ context: PanelContext) throws -> String {
        let services = try context.answers.services(context.request).services
        let dependencies = try context.answers.dependencies(context.request)
        let byName = Dictionary(services.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let chart = ServiceMapChart(services: byName, edges: dependencies.edges, seconds: context.seconds, links: context.links)
        let cycles = dependencies.cycles.map { cycle in
            "<p class=\"none\">A cycle: \(HTMLText.escaped(cycle.path.joined(separator: " → ")))</p>"
        }
        return chart.html + cycles.joined()
    }

    /// Every service.
    static func services(_ context: PanelContext) throws -> String {
        let services = try context.answers.services(context.request).services
        return context.table(
            Table(
                columns: [
                    ("Service", .name), ("Layer", .name), ("Operations", .number), ("Instances", .number), ("Calls", .number),
                    ("Errors", .number),
                    ("p50", .number), ("p95", .number), ("p99", .number), ("Versions", .name),
                ],
                rows: services.map { service in
                    let isOurs = service.layer == .entry || service.layer == .service
                    return [
                        isOurs ? context.serviceCell(service.name) : Table.Cell(service.name), Table.Cell(service.layer.rawValue),
                        Table.Cell("\(service.operations)"), Table.Cell("\(service.instances.count)"),
                        Table.Cell(Quantity.count(service.calls)),
                        Table.errors(service.errors, of: service.calls), Table.Cell(Quantity.duration(service.p50Seconds)),
                        Table.Cell(Quantity.duration(service.p95Seconds)), Table.Cell(Quantity.duration(service.p99Seconds)),
                        Table.Cell(HTMLText.shortened(service.versions.joined(separator: ", "), 40)),
                    ]
                }))
    }

    /// Every host with what it is busy with.
    static func hosts(_ context: PanelContext) throws -> String {
        let hosts = try HostList.hosts(context.query, at: context.to)
        // Both rates cover the same samples, so a host that has only just appeared is not taken for a busy one.
        let busy = try shares(
            "sum by (host_name) (rate(system_cpu_time_seconds_total{cpu_mode!~\"idle|iowait\"}[5m])) / sum by (host_name) (rate(system_cpu_time_seconds_total[5m]))",
            context)
        let memory = try shares(
            "sum by (host_name) (system_memory_usage_bytes{system_memory_state=\"used\"}) / sum by (host_name) (system_memory_usage_bytes)",
            context)
        let load = try shares("max by (host_name) (system_cpu_load_average_1m)", context)
        return context.table(
            Table(
                columns: [("Host", .name), ("CPU", .number), ("Memory", .number), ("Load", .number)],
                rows: hosts.map { host in
                    [
                        Table.Cell(host, href: context.links.href(.host(host))),
                        busy[host].map { Table.Cell(Quantity.percent($0), share: $0) } ?? Table.Cell("–"),
                        memory[host].map { Table.Cell(Quantity.percent($0), share: $0) } ?? Table.Cell("–"),
                        Table.Cell(load[host].map(Quantity.number) ?? "–"),
                    ]
                }))
    }

    private static func shares(_ expression: String, _ context: PanelContext) throws -> [String: Double] {
        var values: [String: Double] = [:]
        for series in try context.query(expression, context.to, context.to, 1_000) {
            if let host = series.labels["host_name"], let last = series.points.last { values[host] = last.value }
        }
        return values
    }
}

/// The hosts that an agent reports from.
enum HostList {
    /// The names, sorted, at most ``limit``.
    static func hosts(_ query: ChartQuery, at time: Int64) throws -> [String] {
        let series = try query("count by (host_name) (last_over_time(system_cpu_load_average_1m[1h]))", time, time, 1_000)
        return Array(series.compactMap { $0.labels["host_name"] }.sorted().prefix(limit))
    }

    static let limit = 200
}
