import ByteCoding
import TelemetryModel

/// Writes spans as Zipkin's v2 JSON, the counterpart of ``ZipkinDecoder``; what came from OTLP is put as OpenTelemetry's
/// page "OpenTelemetry to Zipkin Transformation" says.
public enum ZipkinEncoder {
    /// How often one service called another.
    public struct DependencyLink: Sendable, Equatable {
        /// The calling service.
        public var parent: String
        /// The called service.
        public var child: String
        /// Calls.
        public var callCount: UInt64
        /// Calls that failed.
        public var errorCount: UInt64

        /// Describes calls between two services.
        public init(parent: String, child: String, callCount: UInt64, errorCount: UInt64) {
            self.parent = parent
            self.child = child
            self.callCount = callCount
            self.errorCount = errorCount
        }
    }

    /// The spans of one trace, as `/api/v2/trace/{id}` answers.
    public static func trace(_ batch: SpanBatch) -> [UInt8] {
        var writer = JSONWriter(capacity: batch.count * 512)
        write(batch, &writer)
        return writer.bytes
    }

    /// A list of traces, as `/api/v2/traces` answers.
    public static func traces(_ traces: [SpanBatch]) -> [UInt8] {
        var writer = JSONWriter()
        writer.array { for trace in traces { write(trace, &$0) } }
        return writer.bytes
    }

    /// Links, as `/api/v2/dependencies` answers.
    public static func dependencies(_ links: [DependencyLink]) -> [UInt8] {
        var writer = JSONWriter()
        writer.array { list in
            for link in links {
                list.object {
                    $0.member("parent", link.parent)
                    $0.member("child", link.child)
                    $0.member("callCount", link.callCount)
                    if link.errorCount > 0 { $0.member("errorCount", link.errorCount) }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ batch: SpanBatch, _ writer: inout JSONWriter) {
        writer.array { list in
            for row in batch.rows.indices { ZipkinSpanWriter(batch, row).write(&list) }
        }
    }
}
