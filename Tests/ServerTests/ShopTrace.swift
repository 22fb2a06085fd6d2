import TelemetryModel

/// One trace of a small shop: shop `GET /` calls stock `GET /stock`, which asks its database.
enum ShopTrace {
    /// Its id.
    static let id = TraceID(high: 0, low: 0x1234)
    /// When it starts: a minute before the test's clock.
    static let start = TestServer.now - 60_000_000_000

    /// Its spans.
    static var batch: SpanBatch {
        let shop = Resource(attributes: [Attribute("service.name", "shop"), Attribute("host.name", "a")])
        let stock = Resource(attributes: [Attribute("service.name", "stock"), Attribute("host.name", "b")])
        let second: UInt64 = 1_000_000_000
        var batch = SpanBatch()
        batch.append(
            Span(
                traceID: id, spanID: SpanID(1), name: "GET /", kind: .server, start: start, end: start + 4 * second, resource: shop)
        )
        batch.append(
            Span(
                traceID: id, spanID: SpanID(2), parentSpanID: SpanID(1), name: "GET", kind: .client, start: start + second,
                end: start + 3 * second, resource: shop))
        batch.append(
            Span(
                traceID: id, spanID: SpanID(3), parentSpanID: SpanID(2), name: "GET /stock", kind: .server, start: start + second,
                end: start + 3 * second, status: .error, resource: stock))
        batch.append(
            Span(
                traceID: id, spanID: SpanID(4), parentSpanID: SpanID(3), name: "SELECT items", kind: .client,
                start: start + second, end: start + 2 * second,
                attributes: [Attribute("db.system.name", "mysql"), Attribute("db.query.text", "SELECT * FROM items WHERE id = 5")],
                resource: stock))
        return batch
    }
}
