import QueryEngine
import Storage
import TelemetryModel
import WireFormats

/// Samples by the families that their metrics belong to, as metadata know them.
struct FederatedFamilies {
    private struct Member {
        var family: String
        var name: String
        var sample: NewestSamples.Found
    }

    private var members: [Member] = []
    /// What is known of each family.
    private var known: [String: MetricMetadata] = [:]

    /// Puts samples with a name in the order in which they are written: by family, name and labels.
    init(_ samples: [NewestSamples.Found], _ format: ExpositionFormat, _ store: any MetadataReader) throws {
        let isOpenMetrics = ExpositionWriter(format).writesOpenMetrics
        var families: [String: String] = [:]
        for sample in samples {
            let name = sample.labels.metricName
            if name.isEmpty { continue }
            if families[name] == nil {
                let metadata = try Self.metadata(of: name, isOpenMetrics: isOpenMetrics, store)
                families[name] = metadata.metric
                known[metadata.metric] = metadata
            }
            members.append(Member(family: families[name] ?? name, name: name, sample: sample))
        }
        members.sort { a, b in
            if a.family != b.family { return a.family.utf8.lexicographicallyPrecedes(b.family.utf8) }
            if a.name != b.name { return a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
            return a.sample.labels < b.sample.labels
        }
    }

    /// The family of a metric. What says something that its name cannot be is not believed.
    private static func metadata(of name: String, isOpenMetrics: Bool, _ store: any MetadataReader) throws -> MetricMetadata {
        for (suffix, types) in suffixes where name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count {
            let base = String(name.dropLast(suffix.count))
            if let found = try store.metadata(metric: base, limit: 1).first, types.contains(found.type) {
                return isOpenMetrics || found.type != .counter ? found : renamed(found, name)
            }
        }
        guard let found = try store.metadata(metric: name, limit: 1).first, found.type != .histogram else {
            return MetricMetadata(metric: name, type: .unknown, help: "", unit: "")
        }
        if isOpenMetrics, found.type == .counter {
            if name.hasSuffix("_total") { return renamed(found, String(name.dropLast("_total".count))) }
            return MetricMetadata(metric: name, type: .unknown, help: found.help, unit: "")
        }
        return found
    }

    private static func renamed(_ metadata: MetricMetadata, _ name: String) -> MetricMetadata {
        MetricMetadata(metric: name, type: metadata.type, help: metadata.help, unit: metadata.unit)
    }

    /// What the names of a family's metrics may end in.
    private static let suffixes: [(String, Set<MetricType>)] = [
        ("_bucket", [.histogram]), ("_sum", [.histogram, .summary]), ("_count", [.histogram, .summary]), ("_total", [.counter]),
    ]

    /// The whole text. Throws ``QueryError`` when the time is over, ``APIError`` when it would be too long.
    func write(_ format: ExpositionFormat, byteLimit: Int, _ context: QueryContext) throws -> [UInt8] {
        var writer = ExpositionWriter(format)
        var family: String?
        for member in members {
            if member.family != family {
                family = member.family
                let metadata = known[member.family]
                writer.family(member.family, metadata?.type ?? .unknown, help: metadata?.help ?? "")
                try context.check()
            }
            writer.sample(
                member.name, Self.labels(member.sample.labels), member.sample.value, timestamp: member.sample.timestamp)
            if writer.bytes.count > byteLimit {
                throw APIError(
                    .unprocessableContent, code: "answer_too_large",
                    "The answer has more than \(byteLimit) bytes; ask for fewer series.")
            }
        }
        writer.finish()
        return writer.bytes
    }

    /// The labels without the name. A series without an instance says so, or who scrapes would take us for its instance.
    private static func labels(_ labels: Labels) -> [Label] {
        var list = labels.list.filter { $0.name != Labels.nameLabel }
        if !list.contains(where: { $0.name == "instance" }) { list.append(Label("instance", "")) }
        return list
    }
}
