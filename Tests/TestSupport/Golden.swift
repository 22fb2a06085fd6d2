import Foundation

/// Files that hold what an output is expected to be, byte for byte. `make golden` writes them anew.
public enum Golden {
    /// How the output differs from the file, or nil when it does not. In writing mode the file is replaced and nothing differs.
    ///
    /// `path` is relative to the project, such as `Tests/ReportingTests/Golden/overview.html`.
    public static func difference(_ output: [UInt8], from path: String) throws -> String? {
        let url = SharedData.projectFolder.appendingPathComponent(path)
        if ProcessInfo.processInfo.environment["HEADROPE_GOLDEN"] == "write" {
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(output).write(to: url)
            return nil
        }
        let expected = Array(try Data(contentsOf: url))
        if expected == output { return nil }
        let position =
            zip(expected, output).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(expected.count, output.count)
        return "\(path) has \(expected.count) bytes, the output \(output.count); they differ from byte \(position) on"
    }
}
