import FaultLoad
import Foundation

// FaultChild FOLDER SUBJECT SEED PHASE MOMENT COUNT FIRST0 FIRST1: works on the store in FOLDER until it dies.
let words = CommandLine.arguments
guard words.count == 9, let seed = UInt64(words[3]), let phase = KillPhase(rawValue: words[4]),
    let moment = KillingFileSystem.Moment(rawValue: words[5]), let count = Int(words[6]), let first = Int(words[7]),
    let second = Int(words[8])
else {
    FaultLine.failed("the arguments are wrong").print()
    exit(1)
}

func live<Subject: FaultSubject>(_ subject: Subject.Type) throws -> Never {
    let files = KillingFileSystem(Subject.folder, phase, moment, after: count)
    try FaultLife<Subject>(folder: words[1], seed: seed, files: files, phase: phase).run(from: [first, second])
}

do {
    switch words[2] {
    case SpanLoad.name: try live(SpanLoad.self)
    case SampledSpans.name: try live(SampledSpans.self)
    case ThinnedSpans.name: try live(ThinnedSpans.self)
    case SizedSpans.name: try live(SizedSpans.self)
    default: try live(MetricLoad.self)
    }
} catch {
    FaultLine.failed("\(error)").print()
    exit(1)
}
