import Foundation
import HTTPTransport
import Hummingbird
import NIOSSL
import TestSupport
import Testing

@Suite("TLS")
struct TLSTests {
    private func withSecureServer(_ body: @escaping @Sendable (_ origin: String, _ folder: URL) async throws -> Void) async throws {
        let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        let router = Router()
        router.get("/") { _, _ in "safe" }
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
        try await TestBench.withFolder { folder in
            try await withServer(router, tls: tls) { try await body($0, folder) }
        }
    }

    @Test("an authority of one's own is trusted when its file is named, and nobody else's certificate is")
    func authorityFile() async throws {
        try await withSecureServer { origin, folder in
            let file = folder.appendingPathComponent("authority.pem").path
            try TestCertificate.authority.write(toFile: file, atomically: true, encoding: .utf8)
            let trusting = try HTTPTransport(.init(tls: TLSOptions(authorityFile: file)))
            #expect(try await trusting.send(HTTPCall(url: origin)).text == "safe")
            await trusting.shutdown()

            let careful = try HTTPTransport()
            do {
                _ = try await careful.send(HTTPCall(url: origin))
                Issue.record("a certificate of an unknown authority was accepted")
            } catch let error as HTTPTransportError {
                #expect("\(error)".hasPrefix("No secure connection to \(origin)"), "\(error)")
                #expect(!error.isRetryable)
            }
            await careful.shutdown()
        }
    }

    @Test("checking can be switched off, and a file without a certificate is refused")
    func unchecked() async throws {
        try await withSecureServer { origin, folder in
            let careless = try HTTPTransport(.init(tls: TLSOptions(verifiesCertificates: false)))
            #expect(try await careless.send(HTTPCall(url: origin)).text == "safe")
            await careless.shutdown()
            let file = folder.appendingPathComponent("empty.pem").path
            for content in ["", "no certificate"] {
                try content.write(toFile: file, atomically: true, encoding: .utf8)
                #expect(throws: HTTPTransportError.self) { try HTTPTransport(.init(tls: TLSOptions(authorityFile: file))) }
            }
        }
    }
}
