import FaultLoad
import Foundation

// FaultChild FOLDER SEED PHASE MOMENT COUNT FIRST0 FIRST1: works on the store in FOLDER until it dies.
let words = CommandLine.arguments
guard words.count == 8, let seed = UInt64(words[2]), let phase = KillPhase(rawValue: words[3]),
    let moment = KillingFileSystem.Moment(rawValue: words[4]), let count = Int(words[5]), let first = Int(words[6]),
    let second = Int(words[7])
else {
    FaultLine.failed("the arguments are wrong").print()
    exit(1)
}
do {
    let life = try FaultLife(folder: words[1], seed: seed, files: KillingFileSystem(phase, moment, after: count), phase: phase)
    try life.run(from: [first, second])
    // The phase did not come.
    exit(2)
} catch {
    FaultLine.failed("\(error)").print()
    exit(1)
}
