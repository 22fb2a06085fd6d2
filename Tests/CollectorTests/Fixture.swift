import CollectorKit
import Foundation
import Platform
import TelemetryModel
import TestSupport

/// The captured input of a collector and what is expected of it.
struct Fixture {
    /// Such as `Collectors/Host/Fixtures/linux-6.18`, relative to the project.
    let path: String

    /// A file of the case; nil when it is not there.
    func bytes(_ name: String) -> [UInt8]? {
        (try? Data(contentsOf: SharedData.projectFolder.appendingPathComponent("\(path)/\(name)"))).map { Array($0) }
    }

    /// How the metrics differ from what the case expects; nil when they do not.
    func difference(_ groups: [ResourceMetrics]) throws -> String? {
        try Golden.difference(Array(Self.text(groups).utf8), from: "\(path)/expected")
    }

    /// One line a point, in the order in which the points go on the wire.
    static func text(_ groups: [ResourceMetrics]) -> String {
        var lines: [String] = []
        for group in groups {
            lines.append("resource {\(text(group.resource))}")
            for metric in group.metrics {
                lines.append("\(metric.name) \(metric.kind) unit=\(metric.unit)")
                for point in metric.points {
                    let since = point.startTime == 0 ? "" : " since \(point.startTime)"
                    lines.append("  {\(text(point.attributes))} \(text(point.value))\(since)")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ attributes: [Attribute]) -> String {
        attributes.map { attribute in
            switch attribute.value {
            case .string(let text): "\(attribute.key)=\"\(text)\""
            case .int(let number): "\(attribute.key)=\(number)"
            default: "\(attribute.key)=?"
            }
        }.joined(separator: ",")
    }

    private static func text(_ value: MetricValue) -> String {
        switch value {
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        }
    }
}

/// Makes damaged versions of an input: bytes replaced, removed, doubled, cut off.
struct Mutator {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...8, using: &random) where !result.isEmpty {
            let position = Int.random(in: 0..<result.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: result[position] = UInt8.random(in: 0...255, using: &random)
            case 1: result.remove(at: position)
            case 2: result.insert(contentsOf: Array("99999999999999999999".utf8), at: position)
            case 3: result.removeLast(min(result.count, Int.random(in: 0...64, using: &random)))
            case 4: result.insert([0x20, 0x0A, 0x3A, 0x2D, 0x5C, 0x3D][Int.random(in: 0..<6, using: &random)], at: position)
            default: result.append(contentsOf: result.suffix(Int.random(in: 0...64, using: &random)))
            }
        }
        return result
    }
}

/// The value of the first point of a metric with these attributes, whatever others it has.
func value(_ groups: [ResourceMetrics], _ name: String, _ attributes: [String: String] = [:]) -> MetricValue? {
    groups.flatMap(\.metrics).filter { $0.name == name }.flatMap(\.points).first { point in
        attributes.allSatisfy { key, wanted in
            switch point.attributes[key] {
            case .string(let text): text == wanted
            case .int(let number): "\(number)" == wanted
            default: false
            }
        }
    }?.value
}

/// A count that must be whole.
func count(_ groups: [ResourceMetrics], _ name: String, _ attributes: [String: String] = [:]) -> Int? {
    if case .int(let number)? = value(groups, name, attributes) { Int(number) } else { nil }
}
