import type { Clock } from '@flink-ts/core'

/** Time jumps to the next timer as soon as nothing else happens: waiting costs nothing. */
export function hurryingClock(startMs = 1_700_000_000_000): Clock {
  let nowMs = startMs
  let isScheduled = false
  const timers: { dueMs: number; action: () => void }[] = []
  const next = () => {
    isScheduled = false
    timers.sort((a, b) => a.dueMs - b.dueMs)
    const timer = timers.shift()
    if (timer === undefined) return
    nowMs = Math.max(nowMs, timer.dueMs)
    timer.action()
    ensure()
  }
  const ensure = () => {
    if (isScheduled || timers.length === 0) return
    isScheduled = true
    // Two turns: answers that are already there come first.
    setImmediate(() => setImmediate(next))
  }
  return {
    now: () => nowMs,
    monotonicNow: () => nowMs,
    schedule(delayMs, action) {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), action }
      timers.push(timer)
      ensure()
      return () => {
        const index = timers.indexOf(timer)
        if (index >= 0) timers.splice(index, 1)
      }
    },
  }
}
