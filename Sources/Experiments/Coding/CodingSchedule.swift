/// The schedule by which a pool of workers does jobs that rest on each other: each worker that is free takes the waiting job of the lowest rank.
struct CodingSchedule {
    struct Job {
        let rank: UInt64
        let length: Duration
        /// Jobs that must be done before, by their places in the list.
        let needed: [Int]
    }

    /// When each job is done.
    static func finish(_ jobs: [Job], workerCount: Int, from start: Duration) -> [Duration] {
        var finished = [Duration?](repeating: nil, count: jobs.count)
        var waiting = jobs.indices.sorted { (jobs[$0].rank, $0) < (jobs[$1].rank, $1) }
        var running: [(end: Duration, job: Int)] = []
        var now = start
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < max(1, workerCount),
                let place = waiting.firstIndex(where: { jobs[$0].needed.allSatisfy { finished[$0] != nil } })
            {
                let job = waiting.remove(at: place)
                running.append((now + jobs[job].length, job))
            }
            // Jobs that rest on each other in a circle never begin; no plan has any.
            guard let next = running.indices.min(by: { (running[$0].end, running[$0].job) < (running[$1].end, running[$1].job) })
            else {
                break
            }
            let (end, job) = running.remove(at: next)
            now = end
            finished[job] = end
        }
        return finished.map { $0 ?? now }
    }
}
