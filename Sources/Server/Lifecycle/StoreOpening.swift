import Storage

/// Opens the store that a configuration describes.
enum StoreOpening {
    /// Opens the embedded store in the configured folder; blocks.
    static func open(_ configuration: ServerConfiguration) throws -> any Store {
        throw StorageError(.unusable, "The embedded store is not built yet.")
    }
}
