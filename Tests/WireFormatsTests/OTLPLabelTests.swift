import ByteCoding
import Platform
import TelemetryModel
import Testing
import WireFormats

/// Labels of points against the rules written plainly.
@Suite("OTLP labels against the rules")
struct OTLPLabelTests {
    private static let keys = [
        "a", "a.b", "a_b", "a-b", "A", "job", "instance", "le", "quantile", "__name__", "host.name", "host_name", "_x", "1x", "é",
        "éé",
        "", "zone", "service.name", "x", "y", "z",
    ]
    private static let values: [AttributeValue] = [
        .string("v"), .string(""), .string("é;"), .int(-3), .bool(true), .double(0.5), .empty, .array([.int(1)]), .bytes([1, 2]),
    ]

    private func random(_ random: inout SeededRandom, _ keys: [String]) -> [Attribute] {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in
            Attribute(keys.randomElement(using: &random) ?? "", Self.values.randomElement(using: &random) ?? .empty)
        }
    }

    private func request(_ resource: [Attribute], _ point: [Attribute]) -> [UInt8] {
        var request = ProtobufWriter()
        request.message(1) { resourceMetrics in
            resourceMetrics.message(1) { message in
                for attribute in resource { message.message(1) { AttributeValueCoding.write(attribute, &$0) } }
            }
            resourceMetrics.message(2) { scope in
                scope.message(2) { metric in
                    metric.string(1, "m")
                    metric.message(5) { gauge in
                        gauge.message(1) { message in
                            message.fixed64(3, 1_000_000)
                            message.double(4, 1)
                            for attribute in point { message.message(7) { AttributeValueCoding.write(attribute, &$0) } }
                        }
                    }
                }
            }
        }
        return request.bytes
    }

    /// What the labels of the point are, by dictionaries and texts.
    private func expected(_ resource: [Attribute], _ point: [Attribute]) -> Labels {
        var labels: [String: String] = [:]
        let sorted = point.enumerated().sorted {
            Array($0.element.key.utf8) == Array($1.element.key.utf8)
                ? $0.offset < $1.offset : $0.element.key.utf8.lexicographicallyPrecedes($1.element.key.utf8)
        }
        for (_, attribute) in sorted where !attribute.key.isEmpty {
            let name = PrometheusNaming.labelName(attribute.key)
            if name == "__name__" { continue }
            let known = labels[name] ?? ""
            labels[name] = known.isEmpty ? attribute.value.text : known + ";" + attribute.value.text
        }
        for key in ["host.name", "container.id"] {
            let name = PrometheusNaming.labelName(key)
            if labels[name] ?? "" == "", let value = resource[key]?.text { labels[name] = value }
        }
        let service = resource["service.name"]?.text ?? ""
        let namespace = resource["service.namespace"]?.text ?? ""
        if !service.isEmpty { labels["job"] = namespace.isEmpty ? service : "\(namespace)/\(service)" }
        if let instance = resource["service.instance.id"]?.text, !instance.isEmpty { labels["instance"] = instance }
        labels["__name__"] = "m"
        return Labels(labels.map { Label($0.key, $0.value) })
    }

    @Test("random attributes get the labels that the rules give them", arguments: [0, 1, 2, 3] as [UInt64])
    func differential(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let resourceKeys = ["service.name", "service.namespace", "service.instance.id", "host.name", "container.id", "os.type"]
        for _ in 0..<1_000 {
            let resource = random(&generator, resourceKeys)
            let point = random(&generator, Self.keys)
            let decoded = try request(resource, point).withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
            let row = try #require(decoded.batch.series.first)
            let labels = expected(resource, point)
            #expect(decoded.batch.labels(row) == labels, "seed \(seed): \(point)")
            #expect(Array(decoded.batch.labelBytes[row.labels.indices]) == labels.bytes, "seed \(seed)")
        }
    }
}
