/** Calls `listener` on Ctrl-C, and when the process is asked to end, in place of ending it; answers how to stop that. */
export function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return () => {
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
}
