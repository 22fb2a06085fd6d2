import TelemetryModel

/// Carries Zipkin's `shared` through OTLP, which has no field for it: an agent hands spans on in that form.
enum ZipkinSharing {
    /// Makes the spans that are marked as shared what they were.
    static func restore(_ batch: inout SpanBatch) {
        guard let key = batch.symbols.find(ZipkinNames.shared) else { return }
        for index in batch.rows.indices {
            var range = batch.rows[index].attributes
            // The mark is written behind all attributes.
            guard range.count > 0, case let last = batch.attributes[range.indices.upperBound - 1], last.key == key,
                last.type == .bool, last.payload == 1
            else { continue }
            range.count -= 1
            batch.rows[index].attributes = range
            batch.rows[index].side = .sharedServer
        }
    }
}
