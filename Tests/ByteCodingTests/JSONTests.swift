import ByteCoding
import Foundation
import Testing

@Suite("JSON")
struct JSONTests {
    /// A value built from the scanner, to compare with what Foundation makes of the same text.
    private indirect enum Value: Equatable {
        case null, bool(Bool), number(Double), string(String), array([Value]), object([String: Value])
    }

    private func value(_ scanner: inout JSONScanner) throws(ByteCodingError) -> Value {
        switch try scanner.peek() {
        case .null:
            try scanner.null()
            return .null
        case .bool: return .bool(try scanner.bool())
        case .number: return .number(try scanner.number().double ?? .infinity)
        case .string: return .string(try scanner.string().string)
        case .array:
            var elements: [Value] = []
            try scanner.beginArray()
            while try scanner.nextElement() { elements.append(try value(&scanner)) }
            return .array(elements)
        case .object:
            var members: [String: Value] = [:]
            try scanner.beginObject()
            while let key = try scanner.nextKey() { members[key.string] = try value(&scanner) }
            return .object(members)
        }
    }

    private func parse(_ bytes: [UInt8], depthLimit: Int = 128) throws -> Value {
        try bytes.withUnsafeBytes { raw in
            var scanner = JSONScanner(raw, depthLimit: depthLimit)
            let result = try value(&scanner)
            try scanner.end()
            var skipper = JSONScanner(raw, depthLimit: depthLimit)
            try skipper.skipValue()
            try skipper.end()
            return result
        }
    }

    private func parse(_ text: String) throws -> Value { try parse(Array(text.utf8)) }

    @Test("values of every kind are read")
    func values() throws {
        let text = #" { "a" : [ 1 , -2.5e+3 , true , false , null , "x" ] , "b":{} , "c":[] } "#
        #expect(
            try parse(text)
                == .object([
                    "a": .array([.number(1), .number(-2500), .bool(true), .bool(false), .null, .string("x")]),
                    "b": .object([:]), "c": .array([]),
                ]))
    }

    @Test("escapes and surrogate pairs are resolved")
    func escapes() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\u65e5\ud83d\uDE00""#) == .string("\"\\/\u{8}\u{C}\n\r\té日\u{1F600}"))
    }

    @Test(
        "texts that are no JSON are refused",
        arguments: [
            "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[1 2]", "01", "-", "1.",
            ".5", "1e", "+1", "nul", "True", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
            "\"a\nb\"", "1 2", "[1}", "{\"a\":1]", "NaN", "Infinity", "'a'", "\u{FEFF}1",
        ])
    func refused(text: String) { #expect(throws: ByteCodingError.self) { try parse(text) } }

    @Test(
        "bytes that are not UTF-8 are refused", arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) { #expect(throws: ByteCodingError.self) { try parse([0x22] + bytes + [0x22]) } }

    @Test("nesting ends at the limit")
    func depth() throws {
        let text = { (depth: Int) in [UInt8](repeating: 0x5B, count: depth) + [UInt8](repeating: 0x5D, count: depth) }
        #expect(throws: Never.self) { try parse(text(10), depthLimit: 10) }
        #expect { try parse(text(11), depthLimit: 10) } throws: { ($0 as? ByteCodingError)?.kind == .tooLarge }
        #expect(throws: ByteCodingError.self) { try parse([UInt8](repeating: 0x5B, count: 1_000_000)) }
    }

    @Test("numbers keep every digit until their type is known")
    func numbers() throws {
        func number<Result>(_ text: String, _ body: (JSONNumber) -> Result) throws -> Result {
            try Array(text.utf8).withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                return body(try scanner.number())
            }
        }
        #expect(try number("9223372036854775807") { $0.integer(Int64.self) } == .max)
        #expect(try number("-9223372036854775808") { $0.integer(Int64.self) } == .min)
        #expect(try number("9223372036854775808") { $0.integer(Int64.self) } == nil)
        #expect(try number("18446744073709551615") { $0.integer(UInt64.self) } == .max)
        #expect(try number("-1") { $0.integer(UInt64.self) } == nil)
        #expect(try number("1e3") { $0.integer(Int64.self) } == 1000)
        #expect(try number("5.0") { $0.integer(Int64.self) } == 5)
        #expect(try number("5.5") { $0.integer(Int64.self) } == nil)
        #expect(try number("1e300") { $0.integer(Int64.self) } == nil)
        #expect(try number("0.1") { $0.double } == 0.1)
        #expect(try number("1e999") { $0.double } == nil)
        #expect(try number("-0.0") { $0.double?.sign } == .minus)
    }

    @Test("what is written is what Foundation reads")
    func writer() throws {
        var writer = JSONWriter()
        writer.object {
            $0.member("text \"\\\n\u{1}", "é\u{1F600}\u{7F}/\t")
            $0.key("list")
            $0.array {
                $0.integer(Int64.min)
                $0.integer(UInt64.max)
                $0.double(0.1)
                $0.double(.nan)
                $0.bool(true)
                $0.null()
                $0.array { _ in }
                $0.object { _ in }
            }
            $0.member("after", 1)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "{\"text \\\"\\\\\\n\\u0001\":\"é\u{1F600}\u{7F}/\\t\","
                + "\"list\":[-9223372036854775808,18446744073709551615,0.1,null,true,null,[],{}],\"after\":1}")
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(writer.bytes)) }
    }

    @Test("strings that are not UTF-8 are written with replacement characters")
    func writerRepairs() throws {
        var writer = JSONWriter()
        ([0x61, 0xFF, 0x62] as [UInt8]).withUnsafeBytes { writer.string(utf8: $0) }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"a\u{FFFD}b\"")
    }

    @Test("every byte is escaped or copied at every place of a string as a decoder expects it")
    func everyByteEverywhere() throws {
        for byte in UInt8(0)...0xFF {
            for place in 0..<19 {
                var text = [UInt8](repeating: UInt8(ascii: "~"), count: 19)
                text[place] = byte
                var writer = JSONWriter()
                writer.array { list in text.withUnsafeBytes { list.string(utf8: $0) } }
                let read = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String]
                #expect(read == [String(decoding: text, as: UTF8.self)], "\(byte) at \(place)")
                // Plain bytes stand as they are.
                let isPlain = byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                #expect((writer.bytes.count == text.count + 4) == isPlain, "\(byte) at \(place)")
            }
        }
    }

    @Test("a value can be written in pieces between others")
    func pieces() {
        var writer = JSONWriter()
        writer.array { list in
            list.integer(1)
            list.beginPieces()
            list.piece(#"{"key":""#)
            list.piece(utf8: "a\"b")
            list.piece(#"","number":"#)
            list.piece(UInt64.max)
            list.piece("}")
            list.integer(UInt8.max)
        }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"[1,{"key":"a\"b","number":18446744073709551615},255]"#)
    }

    @Test("UTF-8 is judged as the standard library does")
    func utf8() {
        for first in UInt8(0x7E)...0xFF {
            for second in stride(from: UInt8(0x7E), through: 0xC2, by: 1) {
                for tail in [[], [0x80], [0x80, 0x80], [0xC0], [0x41], [0x80, 0x41]] as [[UInt8]] {
                    let bytes = [0x41, first, second] + tail
                    let isValid = bytes.withUnsafeBytes { UTF8Check.isValid($0) }
                    #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
                }
            }
        }
    }

    @Test(
        "mutated texts end in a value or an error, and are never taken where Foundation finds them broken",
        arguments: [1, 2, 3] as [UInt64])
    func fuzz(seed: UInt64) throws {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00é"],"b":{"c":"日本","d":[[]]},"e":"\n"}"#.utf8)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<8000 {
            var bytes = text
            for _ in 0...next(3) {
                let place = next(bytes.count)
                switch next(4) {
                case 0: bytes[place] = UInt8(next(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("{}[],:\"\\u0-.e".utf8)[next(13)], at: place)
                default: bytes.removeLast(min(next(4), bytes.count - 1))
                }
            }
            if (try? parse(bytes)) != nil {
                let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
                #expect(isJSON, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}
