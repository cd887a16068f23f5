-- Prints what wrk counted as one line of JSON, behind a mark by which it is found.
function done(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "refused": %d, "failed": %d, "p50": %.0f, "p99": %.0f}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
