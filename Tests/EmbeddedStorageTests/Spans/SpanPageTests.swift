import ByteCoding
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Pages of spans")
struct SpanPageTests {
    /// Traces of which the spans stand together and by rising start, as blocks have them.
    private func traces(_ generator: inout RandomSpans, count: Int, spanCount: Int = 30) -> [Span] {
        (0..<count).flatMap { _ in
            generator.trace(spanCount: 1 + generator.below(spanCount)).sorted { $0.start < $1.start }
        }
    }

    private func tables(_ encoder: SpanPageEncoder) throws -> SpanTables {
        try encoder.tables().withUnsafeBytes { try SpanTables($0) }
    }

    private func decode(
        _ page: [UInt8], _ tables: SpanTables, count: Int, _ projection: SpanProjection = .everything, rows: Range<Int>? = nil
    ) throws -> SpanBatch {
        let catalog = try ClassCatalog(tables, projection)
        return try page.withUnsafeBytes { bytes in
            let decoder = try SpanPageDecoder(bytes, tables, catalog, projection, rowCount: count)
            if let rows { decoder.restrict(to: rows) }
            return try decoder.decode()
        }
    }

    @Test("what was written comes back exactly, in order, also when pages share tables", arguments: 0..<30 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var encoder = try SpanPageEncoder()
        let pages = (0..<4).map { _ in traces(&generator, count: 1 + generator.below(12)) }
        let bytes = try pages.map { try encoder.encode(SpanBatch($0)) }
        let tables = try tables(encoder)
        for (spans, page) in zip(pages, bytes) {
            #expect(try decode(page, tables, count: spans.count).spans == spans, "seed \(seed)")
        }
    }

    @Test("rows are read alone, and are what they are in the whole page", arguments: 0..<10 as Range<UInt64>)
    func someRows(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var encoder = try SpanPageEncoder()
        let spans = traces(&generator, count: 8)
        let page = try encoder.encode(SpanBatch(spans))
        let tables = try tables(encoder)
        for _ in 0..<20 {
            let first = generator.below(spans.count)
            let rows = first..<(first + 1 + generator.below(spans.count - first))
            #expect(try decode(page, tables, count: spans.count, rows: rows).spans == Array(spans[rows]), "seed \(seed) \(rows)")
        }
    }

    @Test("a projection gives what it names as the whole page does, of all rows and of some", arguments: 0..<10 as Range<UInt64>)
    func projection(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var encoder = try SpanPageEncoder()
        let spans = traces(&generator, count: 8)
        let page = try encoder.encode(SpanBatch(spans))
        let tables = try tables(encoder)
        for _ in 0..<40 {
            let columns = SpanProjection.Columns(rawValue: UInt32(generator.below(1 << 14)))
            let key = spans[generator.below(spans.count)].attributes.first?.key ?? "none"
            let projection = SpanProjection(columns, attributeKeys: generator.below(2) == 0 ? nil : [key])
            let first = generator.below(2) == 0 ? 0 : generator.below(spans.count)
            let rows = first..<(first == 0 ? spans.count : first + 1 + generator.below(spans.count - first))
            let batch = try decode(page, tables, count: spans.count, projection, rows: rows)
            #expect(batch.count == rows.count)
            for (index, span) in spans[rows].enumerated() {
                let row = batch.rows[index]
                #expect(row.traceID == span.traceID)
                if columns.contains(.spanIDs) { #expect(row.spanID == span.spanID) }
                if columns.contains(.parents) { #expect(row.parentSpanID == span.parentSpanID) }
                if columns.contains(.times) { #expect(row.start == span.start && row.end == span.end) }
                if columns.contains(.durations) { #expect(row.end &- row.start == span.end &- span.start) }
                if columns.contains(.names) { #expect(batch.name(index) == span.name) }
                if columns.contains(.kinds) { #expect(row.kind == span.kind && row.status == span.status && row.side == span.side) }
                if columns.contains(.statusMessages) { #expect(batch.symbols.string(row.statusMessage) == span.statusMessage) }
                if columns.contains(.services) || columns.contains(.resources) {
                    #expect(batch.serviceName(index) == span.resource.serviceName)
                }
                if columns.contains(.resources) { #expect(batch.resource(Int(row.resource)) == span.resource) }
                if columns.contains(.scopes) { #expect(batch.scope(Int(row.scope)) == span.scope) }
                if columns.contains(.attributes) {
                    let wanted = span.attributes.filter { projection.attributeKeys?.contains($0.key) ?? true }
                    #expect(batch.attributeList(row.attributes) == wanted)
                }
                if columns.contains(.events) { #expect(row.events.count == UInt32(span.events.count)) }
                if columns.contains([.links, .others]), projection.attributeKeys == nil {
                    #expect(batch.span(index).links == span.links)
                }
            }
        }
    }

    @Test("extreme times, empty texts, marks of templates, 1,000 attributes and every type of value survive")
    func extremes() throws {
        var spans: [Span] = []
        let times = [(0, UInt64.max), (UInt64.max, 0), (1, 0), (1 << 63, 1 << 63), (5, 5)] as [(UInt64, UInt64)]
        for (number, (start, end)) in times.sorted(by: { $0.0 < $1.0 }).enumerated() {
            var span = Span(
                traceID: TraceID(high: .max, low: 1), spanID: SpanID(.max - UInt64(number)), parentSpanID: SpanID(.max), name: "",
                start: start, end: end)
            span.events = [SpanEvent(time: .max, name: ""), SpanEvent(time: 0, name: "e")]
            span.statusMessage =
                "\u{0}\u{1}\u{2}\u{3} 007 00 18446744073709551616000000000000000000001 beef1234 3f2a0c1e-0000-4a4b-8c8d-ffffffffffff"
            span.flags = .max
            span.droppedLinkCount = .max
            span.attributes = (0..<1000).map { Attribute("key \($0)", .int($0 % 2 == 0 ? .min : .max)) }
            span.attributes += [
                Attribute("", .string("")), Attribute("same", .string("deadbeef00")), Attribute("same", .string("DEADBEEF00")),
                Attribute("bytes", .bytes([0, 1, 2, 3, 0x30, 255])), Attribute("nothing", .empty),
                Attribute("no bytes", .bytes([])),
                Attribute("array", .array([.int(1), .string("a1"), .empty, .array([])])),
                Attribute("map", .map([Attribute("k", .bool(true)), Attribute("k", .double(-0.0))])),
                Attribute("nan", .double(Double(bitPattern: 0x7FF0_0000_0000_0001))), Attribute("flag", .bool(false)),
            ]
            spans.append(span)
        }
        var encoder = try SpanPageEncoder()
        let page = try encoder.encode(SpanBatch(spans))
        let batch = try decode(page, try tables(encoder), count: spans.count)
        // A NaN is not equal to itself: bits are compared.
        let nan = batch.attributes.filter { $0.type == .double && batch.symbols.string($0.key) == "nan" }
        #expect(nan.count == spans.count && nan.allSatisfy { $0.payload == 0x7FF0_0000_0000_0001 })
        for (read, written) in zip(batch.spans, spans) {
            #expect(read.attributes.filter { $0.key != "nan" } == written.attributes.filter { $0.key != "nan" })
            #expect(read.statusMessage == written.statusMessage && read.events == written.events)
            #expect(read.start == written.start && read.end == written.end && read.flags == .max && read.droppedLinkCount == .max)
        }
    }

    @Test("tables that are full leave the rest to the pages")
    func fullTables() throws {
        var encoder = try SpanPageEncoder()
        var pages: [([Span], [UInt8])] = []
        for page in 0..<3 {
            let spans = (0..<6000).map { number in
                Span(
                    traceID: TraceID(high: 1, low: UInt64(page)), spanID: SpanID(UInt64(number) + 1),
                    name: "name \(page) \(number)",
                    start: UInt64(number), end: UInt64(number),
                    attributes: [Attribute("key \(page * 4000 + number)", .string("value \(number)"))],
                    resource: Resource(attributes: [Attribute("service.name", .string("s\(page * 6000 + number)"))]))
            }
            pages.append((spans, try encoder.encode(SpanBatch(spans))))
        }
        let tables = try tables(encoder)
        for table in SpanTable.allCases { #expect(tables[table].count <= table.entryLimit) }
        for (spans, page) in pages { #expect(try decode(page, tables, count: spans.count).spans == spans) }
    }

    @Test("cut pages and pages with changed bytes are refused or give spans that can be read", arguments: 0..<20 as Range<UInt64>)
    func mutation(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var encoder = try SpanPageEncoder()
        let spans = traces(&generator, count: 4, spanCount: 12)
        _ = try encoder.encode(SpanBatch(spans))
        let page = try encoder.encode(SpanBatch(spans))
        let tables = try tables(encoder)
        for round in 0..<200 {
            var changed = page
            for _ in 0...generator.below(3) { changed[generator.below(changed.count)] = UInt8(generator.below(256)) }
            if round % 4 == 0 { changed = Array(changed[..<generator.below(changed.count)]) }
            // Reading every span touches every index and range that the decoder let through.
            if let batch = try? decode(changed, tables, count: spans.count) { #expect(batch.spans.count == spans.count) }
            let first = generator.below(spans.count)
            let rows = first..<(first + 1 + generator.below(spans.count - first))
            if let batch = try? decode(changed, tables, count: spans.count, rows: rows) { #expect(batch.spans.count == rows.count) }
        }
    }

    @Test("tables with changed bytes are refused or give pages that are", arguments: 0..<10 as Range<UInt64>)
    func tableMutation(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        var encoder = try SpanPageEncoder()
        let spans = traces(&generator, count: 4, spanCount: 12)
        _ = try encoder.encode(SpanBatch(spans))
        let page = try encoder.encode(SpanBatch(spans))
        let bytes = encoder.tables()
        for _ in 0..<200 {
            var changed = bytes
            for _ in 0...generator.below(3) { changed[generator.below(changed.count)] = UInt8(generator.below(256)) }
            guard let tables = try? changed.withUnsafeBytes({ try SpanTables($0) }) else { continue }
            if let batch = try? decode(page, tables, count: spans.count) { #expect(batch.spans.count == spans.count) }
        }
    }

    @Test("texts are divided and put together without a change", arguments: 0..<20 as Range<UInt64>)
    func templates(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let pieces = [
            "SELECT a FROM b WHERE id = ", "0", "7", "42", "000", "123456789012345678901234567890", "beef", "c0ffee00", "c0ffee0",
            "exec-", "x86", "ü1", "-", ".", "\u{0}", "\u{1}", "\u{2}", "\u{3}", "3f2a0c1e-1234-4a4b-8c8d-0123456789ab", "ABCDEF01",
        ]
        for _ in 0..<300 {
            let text = (0..<generator.below(12)).map { _ in pieces[generator.below(pieces.count)] }.joined()
            var template: [UInt8] = []
            var variables = TextTemplate.Variables()
            let bytes = Array(text.utf8)
            bytes.withUnsafeBytes { TextTemplate.divide($0, &template, &variables) }
            var joined: [UInt8] = []
            try template.withUnsafeBytes { template in
                let needs = try TextTemplate.needs(template)
                #expect(needs.numberCount == variables.numbers.count && needs.byteCount == variables.bytes.count)
                try variables.bytes.withUnsafeBytes { try TextTemplate.join(template, variables.numbers[...], $0, &joined) }
            }
            #expect(String(decoding: joined, as: UTF8.self) == text, "seed \(seed)")
        }
    }
}
