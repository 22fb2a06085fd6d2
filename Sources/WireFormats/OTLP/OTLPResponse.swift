import ByteCoding

/// The answers of an OTLP/HTTP receiver, in the encoding in which it was asked.
public enum OTLPResponse {
    /// The two encodings of OTLP/HTTP.
    public enum Encoding: Sendable, Equatable {
        /// `application/x-protobuf`.
        case protobuf
        /// `application/json`.
        case json

        /// The encoding that a `Content-Type` names, whatever its parameters are; nil for anything else.
        public init?(contentType: String?) {
            let name = (contentType ?? "").prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
            switch name {
            case Self.protobuf.contentType: self = .protobuf
            case Self.json.contentType: self = .json
            default: return nil
            }
        }

        /// The value of `Content-Type`.
        public var contentType: String {
            switch self {
            case .protobuf: "application/x-protobuf"
            case .json: "application/json"
            }
        }
    }

    /// The signals, which name their refused items differently.
    public enum Signal: Sendable, Equatable {
        /// Spans.
        case traces
        /// Data points.
        case metrics
        /// Log records.
        case logs

        var rejectedField: String {
            switch self {
            case .traces: "rejectedSpans"
            case .metrics: "rejectedDataPoints"
            case .logs: "rejectedLogRecords"
            }
        }
    }

    /// The codes of `google.rpc.Code` that a receiver answers with.
    public enum Code: Int32, Sendable {
        /// The body cannot be read.
        case invalidArgument = 3
        /// The sender may not do this.
        case permissionDenied = 7
        /// The body is larger than a limit, or there is too much of it at the moment.
        case resourceExhausted = 8
        /// The receiver does not do this.
        case unimplemented = 12
        /// The receiver failed.
        case internalError = 13
        /// Nothing can be taken at the moment; trying again makes sense.
        case unavailable = 14
        /// Nobody knows who the sender is.
        case unauthenticated = 16
    }

    /// The body of a 200: `ExportTraceServiceResponse` and its like for the other signals. With nothing rejected and no
    /// message it is the empty message, which says "all taken".
    public static func success(_ signal: Signal, _ encoding: Encoding, rejected: Int = 0, message: String = "") -> [UInt8] {
        let isPartial = rejected > 0 || !message.isEmpty
        switch encoding {
        case .protobuf:
            var response = ProtobufWriter()
            if isPartial {
                response.message(1) {
                    $0.varintUnlessZero(1, UInt64(max(rejected, 0)))
                    $0.stringUnlessEmpty(2, message)
                }
            }
            return response.bytes
        case .json:
            var response = JSONWriter()
            response.object { response in
                guard isPartial else { return }
                response.key("partialSuccess")
                response.object {
                    // 64-bit numbers are strings in protobuf's JSON.
                    if rejected > 0 { $0.member(signal.rejectedField, String(rejected)) }
                    $0.member("errorMessage", message)
                }
            }
            return response.bytes
        }
    }

    /// The body of a 4xx or 5xx: `google.rpc.Status`.
    public static func failure(_ code: Code, _ message: String, _ encoding: Encoding) -> [UInt8] {
        switch encoding {
        case .protobuf:
            var status = ProtobufWriter()
            status.varint(1, UInt64(code.rawValue))
            status.string(2, message)
            return status.bytes
        case .json:
            var status = JSONWriter()
            status.object {
                $0.member("code", code.rawValue)
                $0.member("message", message)
            }
            return status.bytes
        }
    }
}
