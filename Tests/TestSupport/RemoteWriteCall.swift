import ByteCoding
import HTTPTransport

/// Builds one request of Prometheus remote write 1.0.
public struct RemoteWriteCall {
    private var request = ProtobufWriter()

    /// A request without series.
    public init() {}

    /// Adds a series; labels stay in this order.
    public mutating func append(_ labels: [(String, String)], _ samples: [(time: Int64, value: Double)]) {
        request.message(1) { series in
            for (name, value) in labels {
                series.message(1) { label in
                    label.string(1, name)
                    label.string(2, value)
                }
            }
            for (time, value) in samples {
                series.message(2) { sample in
                    sample.double(1, value)
                    sample.varint(2, UInt64(bitPattern: time))
                }
            }
        }
    }

    /// The call that writes it to the server at `origin`.
    public func call(_ origin: String) -> HTTPCall {
        HTTPCall(
            method: "POST", url: "\(origin)/api/v1/write",
            headers: [
                HTTPHeader("Content-Type", "application/x-protobuf"), HTTPHeader("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ],
            body: SnappyBlock.compress(request.bytes))
    }
}

/// What tests read of Prometheus's answer to a query whose values are whole numbers.
public struct QueryAnswer: Decodable {
    private struct Content: Decodable { var result: [Row] }
    private struct Row: Decodable {
        var value: Pair?
        var values: [Pair]?
    }
    private struct Pair: Decodable {
        var number: Int

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            _ = try parts.decode(Double.self)
            number = Int(try parts.decode(String.self)) ?? -1
        }
    }

    private var data: Content

    /// All values, series by series; -1 stands for one that is no whole number.
    public var numbers: [Int] { data.result.flatMap { row in (row.value.map { [$0] } ?? row.values ?? []).map(\.number) } }
}
