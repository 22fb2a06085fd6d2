#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The memory of one head: pieces of pages, which live as long as the head or a reader of it. Nothing in it is moved or freed
/// before, so that readers walk it without the store's lock.
// Unchecked: only the store asks for pieces, under its lock; a reader follows what was written before it got its snapshot.
final class HeadArena: @unchecked Sendable {
    private static let pageByteCount = 1 << 20

    private var pages: [UnsafeMutableRawPointer] = []
    /// How many bytes at the end of the last page are free.
    private var freeByteCount = 0

    deinit { for page in pages { munmap(page, Self.pageByteCount) } }

    /// Asks the system itself: what `free` gets of a head it would keep for the next one, while the head that is being filled
    /// has no use for it.
    private static func makePage() -> UnsafeMutableRawPointer {
        let page = mmap(nil, pageByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let page, page != UnsafeMutableRawPointer(bitPattern: -1) else {
            preconditionFailure("no memory is left for samples")
        }
        return page
    }

    /// The bytes of all pages.
    var byteCount: Int { pages.count * Self.pageByteCount }

    /// A piece for values of eight bytes; much smaller than a page.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount <= freeByteCount, let last = pages.last else {
            let page = Self.makePage()
            pages.append(page)
            freeByteCount = Self.pageByteCount - byteCount
            return page
        }
        defer { freeByteCount -= byteCount }
        return last + (Self.pageByteCount - freeByteCount)
    }
}
