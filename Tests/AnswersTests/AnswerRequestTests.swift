import Platform
import TelemetryModel
import TestSupport
import Testing

@testable import Answers

@Suite("AnswerRequest")
struct AnswerRequestTests {
    @Test(
        "times are RFC 3339 or seconds since 1970",
        arguments: [
            ("2026-11-21T09:00:00Z", 1_795_251_600_000_000_000), ("2026-11-21T10:00:00.25+01:00", 1_795_251_600_250_000_000),
            ("1795251600", 1_795_251_600_000_000_000), ("1795251600.000000001", 1_795_251_600_000_000_001),
            ("1.5e9", 1_500_000_000_000_000_000), ("0", 0),
        ] as [(String, UInt64)])
    func times(text: String, nanoseconds: UInt64) throws {
        #expect(try AnswerRequest(parameters: ["from": text]).from == nanoseconds)
    }

    @Test(
        "what is no time, no limit, no flag is refused with the parameter's name",
        arguments: [
            ("from", "yesterday"), ("from", "nan"), ("to", "inf"), ("to", "-1"), ("from", "1795251600000"), ("from", "0x10"),
            ("from", "2026-02-30T00:00:00Z"), ("limit", "0"), ("limit", "10001"), ("limit", "many"), ("exact", "perhaps"),
            ("to", "1e400"), ("to", "2026-11-21T09:00:00"),
        ])
    func refused(name: String, text: String) {
        #expect {
            try AnswerRequest(parameters: [name: text])
        } throws: { error in
            (error as? AnswerError)?.place == name && (error as? AnswerError)?.kind == .badRequest
        }
    }

    @Test("the last hour is meant when nothing is said; ranges that make no sense are refused")
    func windows() throws {
        let now = ShopStore.begin
        let window = try AnswerWindow(AnswerRequest(), now: now)
        #expect(window.to == now)
        #expect(window.to - window.from == AnswerRequest.defaultRange)
        #expect(window.minutes.count == 60)
        #expect(throws: AnswerError.self) { try AnswerWindow(AnswerRequest(from: 2, to: 1), now: now) }
        #expect(throws: AnswerError.self) { try AnswerWindow(AnswerRequest(from: 0, to: .max), now: now) }
        #expect(try AnswerWindow(AnswerRequest(from: 0, to: 1), now: 0).minutes == 0...0)
        #expect(try AnswerWindow(AnswerRequest(from: .max, to: .max), now: 0).rollupRange.to.isEmpty == false)
        #expect(try AnswerWindow(AnswerRequest(to: 5), now: 0).previous.from == 0)
    }

    @Test("every time can be written and read back", arguments: [7, 8] as [UInt64])
    func roundTrip(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let time = random.next()
            #expect(RFC3339.nanoseconds(RFC3339.text(nanoseconds: time)) == time, "seed \(seed)")
        }
        #expect(RFC3339.text(nanoseconds: 951_782_400_000_000_000) == "2000-02-29T00:00:00Z")
    }

    @Test("questions for a TOP-N are read from parameters")
    func top() throws {
        #expect(try TopQuestion(parameters: [:]) == TopQuestion(of: .endpoint, by: .total))
        #expect(try TopQuestion(parameters: ["of": "attribute:k", "by": "self"]) == TopQuestion(of: .attribute("k"), by: .`self`))
        #expect(throws: AnswerError.self) { try TopQuestion(parameters: ["of": "attribute:"]) }
        #expect(throws: AnswerError.self) { try TopQuestion(parameters: ["by": "luck"]) }
    }
}
