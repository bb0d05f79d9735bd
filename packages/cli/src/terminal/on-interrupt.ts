const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const listeners = new Set<{ readonly listener: () => void }>()
let isWatching = false

/**
 * Calls `listener` on Ctrl-C, and when the process is asked to end, in place of ending it; answers how to stop that.
 *
 * The process goes on being watched when nobody listens any more: Node drops a signal that has come, but was not told yet, when the
 * last listener goes, so that one who listens right behind it would never hear of it. A signal that nobody listens to ends the
 * process, as without any of this.
 */
export function onInterrupt(listener: () => void): () => void {
  // An object of its own: the same function may listen twice.
  const entry = { listener }
  listeners.add(entry)
  if (!isWatching) {
    isWatching = true
    for (const signal of SIGNALS) process.on(signal, tellListeners)
  }
  return () => void listeners.delete(entry)
}

function tellListeners(signal: NodeJS.Signals): void {
  const told = [...listeners]
  for (const { listener } of told) listener()
  // A program may listen, too, and decide for itself.
  if (told.length > 0 || process.listenerCount(signal) > 1) return
  process.off(signal, tellListeners)
  process.kill(process.pid, signal)
}
