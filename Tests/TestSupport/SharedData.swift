import Foundation

/// The conformance data that lies beside the project: `HEADROPE_SHARED`, by default `../shared`.
///
/// Suites that need it say `.enabled(if: SharedData.isAvailable)`. Where the folder is missing they are listed as not run;
/// with `HEADROPE_REQUIRE_SHARED=1` they run and fail.
public enum SharedData {
    /// The folder.
    public static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["HEADROPE_SHARED"] { return URL(fileURLWithPath: path) }
        return projectFolder.deletingLastPathComponent().appendingPathComponent("shared")
    }()

    /// The root of the project, found from this file.
    public static let projectFolder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Whether suites that need the folder run: it is there, or its absence shall be a failure.
    public static var isAvailable: Bool {
        FileManager.default.fileExists(atPath: folder.path)
            || ProcessInfo.processInfo.environment["HEADROPE_REQUIRE_SHARED"] == "1"
    }

    /// The bytes of a file below the folder, such as `conformance/otlp/trace.json`.
    public static func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    /// The names of the files in a folder below the folder, sorted.
    public static func list(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(path).path).sorted()
    }
}
