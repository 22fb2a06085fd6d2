import Foundation

@testable import Server

/// Requests written byte by byte, also such as no client library would send.
enum RawHTTP {
    /// Sends text over a new connection and returns everything until the server closes it.
    static func exchange(_ address: ListenAddress, _ request: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try blockingExchange(address, request) }) }
            thread.start()
        }
    }

    /// Waits until the server has opened its store.
    static func waitUntilReady(_ address: ListenAddress) async throws {
        let deadline = Date().addingTimeInterval(30)
        while Date() < deadline {
            let reply = try? await exchange(address, "GET /-/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if reply?.hasPrefix("HTTP/1.1 200") == true { return }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        throw Failure(description: "the server did not become ready within 30 s")
    }

    /// Something that a test waits for did not happen.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static func blockingExchange(_ address: ListenAddress, _ request: String) throws -> String {
        let connection = try Connection(address)
        defer { connection.close() }
        // A server that refuses a request early closes before all of it is sent, and its answer is still to be read.
        try? connection.send(request)
        return try connection.readToEnd()
    }

    /// A TCP connection; its calls block.
    final class Connection: Sendable {
        private let descriptor: Int32

        /// Connects; an answer that takes longer than 20 s is an error.
        init(_ address: ListenAddress) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = UInt16(address.port).bigEndian
            target.sin_addr.s_addr = inet_addr(address.host)
            let connected = withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                    connect(descriptor, raw, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else {
                _ = Foundation.close(descriptor)
                throw Failure(description: "no connection to \(address)")
            }
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }

        /// Sends all of a text.
        func send(_ text: String) throws {
            let bytes = Array(text.utf8)
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { raw in
                    Foundation.send(
                        descriptor, UnsafeRawBufferPointer(rebasing: raw[sent...]).baseAddress, bytes.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { throw Failure(description: "the server closed the connection") }
                sent += count
            }
        }

        /// Everything until the server closes the connection.
        func readToEnd() throws -> String {
            var reply: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count <= 0 { return String(decoding: reply, as: UTF8.self) }
                reply.append(contentsOf: buffer[..<count])
            }
        }

        /// Closes the connection.
        func close() { _ = Foundation.close(descriptor) }
    }
}
