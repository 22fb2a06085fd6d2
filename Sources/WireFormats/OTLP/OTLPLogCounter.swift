import ByteCoding

/// Counts the records of OTLP's `ExportLogsServiceRequest` (opentelemetry.proto.collector.logs.v1) without reading them.
public enum OTLPLogCounter {
    /// How many log records the request holds.
    public static func count(_ request: UnsafeRawBufferPointer) throws(ByteCodingError) -> Int {
        // Request, resource and scope: the records are the fields 2 of the fields 2 of the fields 1.
        try count(request, path: [1, 2, 2])
    }

    private static func count(_ bytes: UnsafeRawBufferPointer, path: ArraySlice<UInt32>) throws(ByteCodingError) -> Int {
        guard let number = path.first else { return 1 }
        var count = 0
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            if fields.fieldNumber == number {
                count += try self.count(try fields.bytes(), path: path.dropFirst())
            } else {
                try fields.skipValue()
            }
        }
        return count
    }
}
