import NIOSSL

/// Whom a client trusts.
public struct TLSOptions: Sendable, Equatable {
    /// A PEM file with the authorities to trust instead of the system's; nil for the system's.
    public var authorityFile: String?
    /// Whether the server's certificate is checked at all.
    public var verifiesCertificates: Bool

    /// Describes whom to trust.
    public init(authorityFile: String? = nil, verifiesCertificates: Bool = true) {
        self.authorityFile = authorityFile
        self.verifiesCertificates = verifiesCertificates
    }

    /// The options as the TLS library takes them. Reads the authority file.
    func configuration() throws(HTTPTransportError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !verifiesCertificates { configuration.certificateVerification = .none }
        if let authorityFile {
            do {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorityFile))
            } catch {
                throw .unusableFile(path: authorityFile, reason: "it holds no readable PEM certificate")
            }
        }
        return configuration
    }
}
