/** What a daemon tells the process that started it, once. */
export type StarterReport =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }

/** Resolves when the report has left; at once if nobody listens. */
export async function reportToStarter(report: StarterReport): Promise<void> {
  if (process.send === undefined || !process.connected) return
  await new Promise<void>((resolve) => {
    // A starter that has gone away does not concern the daemon.
    process.send?.(report, undefined, undefined, () => resolve())
  })
  if (process.connected) process.disconnect?.()
}
