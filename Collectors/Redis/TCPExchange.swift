import CollectorKit
import Platform

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// send(2) without the signal that a closed connection would raise.
private func transmit(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
}

/// A TCP connection for a short exchange. Every call blocks, and none longer than until the deadline.
struct TCPExchange: ~Copyable {
    private let descriptor: Int32
    private let deadline: UInt64
    private let time: any TimeSource
    private let source: String

    /// Connects to the first address of the host that answers; `deadline` is on the monotonic clock. `source` names the other
    /// side in errors.
    init(_ address: ServiceAddress, deadline: UInt64, time: any TimeSource, source: String) throws(CollectorError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address.host, "\(address.port)", &hints, &list)
        guard status == 0 else {
            throw .unreadable(source: source, reason: "its name is unknown (\(String(cString: gai_strerror(status))))")
        }
        defer { freeaddrinfo(list) }
        var reason = "it has no address"
        var candidate = list
        while let entry = candidate {
            switch Self.open(entry.pointee, deadline: deadline, time: time) {
            case .success(let descriptor):
                self.descriptor = descriptor
                self.deadline = deadline
                self.time = time
                self.source = source
                return
            case .failure(let failure): reason = failure.reason
            }
            candidate = entry.pointee.ai_next
        }
        throw .unreadable(source: source, reason: reason)
    }

    deinit { close(descriptor) }

    private struct ConnectFailure: Error { var reason: String }

    private static func open(_ entry: addrinfo, deadline: UInt64, time: any TimeSource) -> Result<Int32, ConnectFailure> {
        let descriptor = socket(entry.ai_family, entry.ai_socktype, entry.ai_protocol)
        guard descriptor >= 0 else { return .failure(ConnectFailure(reason: sentence(errno))) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return .success(descriptor) }
        var failure = errno
        if failure == EINPROGRESS {
            failure = ETIMEDOUT
            if wait(descriptor, for: POLLOUT, deadline: deadline, time: time) {
                var length = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
                if failure == 0 { return .success(descriptor) }
            }
        }
        close(descriptor)
        return .failure(ConnectFailure(reason: sentence(failure)))
    }

    /// Waits until the socket is ready; false when the time is up.
    private static func wait(_ descriptor: Int32, for events: Int32, deadline: UInt64, time: any TimeSource) -> Bool {
        while true {
            let now = time.monotonic()
            guard now < deadline else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&entry, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8]) throws(CollectorError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { transmit(descriptor, $0) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EAGAIN && errno != EINTR {
                throw .unreadable(source: source, reason: Self.sentence(errno))
            } else if !Self.wait(descriptor, for: POLLOUT, deadline: deadline, time: time) {
                throw .unreadable(source: source, reason: Self.sentence(ETIMEDOUT))
            }
        }
    }

    /// Waits for more bytes, at most 16 KiB. Throws when the other side has closed the connection.
    func receive() throws(CollectorError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { return Array(chunk[..<count]) }
            if count == 0 { throw .unreadable(source: source, reason: "it closed the connection") }
            if errno == EINTR { continue }
            if errno != EAGAIN { throw .unreadable(source: source, reason: Self.sentence(errno)) }
            if !Self.wait(descriptor, for: POLLIN, deadline: deadline, time: time) {
                throw .unreadable(source: source, reason: Self.sentence(ETIMEDOUT))
            }
        }
    }

    private static func sentence(_ code: Int32) -> String {
        switch code {
        case ECONNREFUSED: "nobody listens there"
        case ETIMEDOUT: "it did not answer in time"
        default: String(cString: strerror(code))
        }
    }
}
