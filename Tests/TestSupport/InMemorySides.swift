import Storage
import TelemetryModel

/// The reference for exemplars and metadata: what ``ExemplarReader`` and ``MetadataReader`` mean, without bounds in bytes.
struct InMemorySides {
    private var exemplars: [Labels: [Exemplar]] = [:]
    private var metadata: [String: MetricMetadata] = [:]

    var exemplarCount: Int { exemplars.values.reduce(0) { $0 + $1.count } }
    var metadataCount: Int { metadata.count }

    mutating func writeExemplars(
        _ batch: MetricBatch, now: Int64, window: Int64, futureLimit: Int64, seriesLimit: Int
    ) -> SideReceipt {
        var receipt = SideReceipt()
        // What comes twice in one batch is a duplicate, also when newer ones have pushed the first out in between.
        var inBatch: [Labels: Set<Exemplar>] = [:]
        for row in batch.exemplars {
            let (series, exemplar) = batch.exemplar(row)
            var known = exemplars[series] ?? []
            let characters = exemplar.labels.list.reduce(0) { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count }
            if exemplar.timestamp < 0 {
                receipt.refuse(.negativeTimestamp, "\(series)")
            } else if exemplar.timestamp > now + futureLimit {
                receipt.refuse(.tooFarInFuture, "\(series)")
            } else if let newest = known.last, exemplar.timestamp < newest.timestamp - window {
                receipt.refuse(.tooOld, "\(series)")
            } else if characters > Exemplar.labelCharacterLimit {
                receipt.refuse(.tooLarge, "\(series)")
            } else if known.contains(exemplar) || inBatch[series]?.contains(exemplar) == true {
                receipt.duplicates += 1
            } else {
                receipt.stored += 1
                known.append(exemplar)
                inBatch[series, default: []].insert(exemplar)
                exemplars[series] = Array(known.sorted().suffix(seriesLimit))
            }
        }
        return receipt
    }

    mutating func writeMetadata(_ batch: MetricBatch) -> SideReceipt {
        var receipt = SideReceipt()
        for entry in batch.metadata {
            if entry.metric.isEmpty {
                receipt.refuse(.malformed, "a metric without a name")
            } else if metadata.updateValue(entry, forKey: entry.metric) == entry {
                receipt.duplicates += 1
            } else {
                receipt.stored += 1
            }
        }
        return receipt
    }

    func exemplars(_ selectors: [[LabelMatcher]], from: Int64, through: Int64, limit: Int) -> [SeriesExemplars] {
        var rest = limit
        return exemplars.sorted { $0.key < $1.key }.compactMap { labels, all in
            guard selectors.contains(where: { $0.allSatisfy { $0.matches(labels[$0.name] ?? "") } }) else { return nil }
            let found = all.filter { $0.timestamp >= from && $0.timestamp <= through }.prefix(rest)
            rest -= found.count
            return found.isEmpty ? nil : SeriesExemplars(labels: labels, exemplars: Array(found))
        }
    }

    func metadata(metric: String?, limit: Int) -> [MetricMetadata] {
        let all = metadata.values.filter { metric == nil || $0.metric == metric }
        return Array(all.sorted { $0.metric.utf8.lexicographicallyPrecedes($1.metric.utf8) }.prefix(limit))
    }
}
