import { setImmediate as nextTurn } from 'node:timers/promises'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Node tells a signal that has come within the turn, or, while it tells other things, the one behind. */
const TURNS_UNTIL_TOLD = 2

const listeners = new Set<{ readonly listener: () => void }>()
let isWatching = false
let endOfWatching: NodeJS.Immediate | undefined

/**
 * Calls `listener` on Ctrl-C, and when the process is asked to end, in place of ending it; answers how to stop that.
 *
 * The process goes on being watched for two turns of the event loop when nobody listens any more: Node drops a signal that has come,
 * but was not told yet, when the last listener goes, so that one who listens right behind it would never hear of it. A signal that
 * nobody listens to ends the process, as without any of this: a loop that gives no turn, too, once those two have passed.
 */
export function onInterrupt(listener: () => void): () => void {
  // An object of its own: the same function may listen twice.
  const entry = { listener }
  listeners.add(entry)
  clearImmediate(endOfWatching)
  if (!isWatching) {
    isWatching = true
    for (const signal of SIGNALS) process.on(signal, tellListeners)
  }
  return () => {
    if (listeners.delete(entry) && listeners.size === 0) endWatching(TURNS_UNTIL_TOLD)
  }
}

/** Waits until the process is not watched any more for those who have stopped: what runs then may give no turn to signals. */
export async function whenInterruptible(): Promise<void> {
  for (let i = 0; i < TURNS_UNTIL_TOLD; i++) await nextTurn()
}

/** Not unref'd: two turns keep no process, and a loop that waits for something else would not take them before it. */
function endWatching(turns: number): void {
  endOfWatching = setImmediate(() => {
    if (turns > 1) {
      endWatching(turns - 1)
      return
    }
    isWatching = false
    for (const signal of SIGNALS) process.off(signal, tellListeners)
  })
}

function tellListeners(signal: NodeJS.Signals): void {
  const told = [...listeners]
  for (const { listener } of told) listener()
  // A program may listen, too, and decide for itself.
  if (told.length > 0 || process.listenerCount(signal) > 1) return
  process.off(signal, tellListeners)
  process.kill(process.pid, signal)
}
