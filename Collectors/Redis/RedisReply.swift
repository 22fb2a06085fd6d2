import CollectorKit

/// A reply of RESP 2 (redis.io/docs/latest/develop/reference/protocol-spec), as far as `AUTH` and `INFO` use it.
enum RedisReply: Equatable {
    /// `+OK`
    case status(String)
    /// `-NOAUTH Authentication required.`
    case error(String)
    /// `$3` and three bytes.
    case bulk([UInt8])

    /// How long a reply may be; `INFO all` of a busy server has some 50 KiB.
    static let byteLimit = 4 << 20

    /// Reads the reply at the start of `bytes` and says how many bytes it has; nil when it is not complete yet.
    static func parse(_ bytes: [UInt8]) throws(CollectorError) -> (reply: RedisReply, byteCount: Int)? {
        guard let first = bytes.first else { return nil }
        guard let end = bytes.firstIndex(of: 0x0D) else {
            if bytes.count > 4096 { throw malformed("a line has no end") }
            return nil
        }
        guard end + 1 < bytes.count else { return nil }
        guard bytes[end + 1] == 0x0A else { throw malformed("a line ends without a line feed") }
        let line = bytes[1..<end]
        let next = end + 2
        switch first {
        case UInt8(ascii: "+"): return (.status(line.text), next)
        case UInt8(ascii: "-"): return (.error(line.text), next)
        case UInt8(ascii: "$"):
            guard let length = line.unsigned, length <= byteLimit else { throw malformed("a text of impossible length") }
            let finish = next + Int(length)
            guard finish + 2 <= bytes.count else { return nil }
            guard bytes[finish] == 0x0D, bytes[finish + 1] == 0x0A else { throw malformed("a text is longer than announced") }
            return (.bulk(Array(bytes[next..<finish])), finish + 2)
        default: throw malformed("a reply of unknown kind")
        }
    }

    /// A command as an array of texts.
    static func command(_ words: [String]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.utf8.count)\r\n".utf8)
            bytes += Array(word.utf8)
            bytes += [0x0D, 0x0A]
        }
        return bytes
    }

    private static func malformed(_ reason: String) -> CollectorError {
        .malformed(source: "The answer of Redis", reason: reason)
    }
}
