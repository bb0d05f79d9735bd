import { FlinkError } from '@flink-ts/core'
import type { ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import type { ActionContext } from '../actions/action.js'

/** As Flink's client. */
const POLL_MS = 3000

const HELP = ['help   Shows this.', 'stop   Ends the session with all its jobs, as Ctrl-C does.']

/** The world of the command that stays with a session. */
export interface SessionContext extends ActionContext {
  /** Hands over the lines of standard input until what it answers is called; its end is no word. */
  readLines(listener: (line: string) => void): () => void
}

export type SessionEvent =
  | { readonly kind: 'stop' | 'interrupted' }
  | { readonly kind: 'ended'; readonly report: ClusterReport }

/** Stays with a session until somebody says `stop`, presses Ctrl-C, or it has ended by itself. */
export function attendSession(
  handle: ClusterHandle,
  context: SessionContext,
): Promise<SessionEvent> {
  const { terminal, clock } = context
  const ends: (() => void)[] = []
  const attended = new Promise<SessionEvent>((resolve, reject) => {
    ends.push(
      context.onInterrupt(() => resolve({ kind: 'interrupted' })),
      context.readLines((line) => {
        const word = line.trim().toLowerCase()
        if (word === 'stop' || word === 'quit') resolve({ kind: 'stop' })
        else if (word === 'help') for (const text of HELP) terminal.out(text)
        else if (word !== '') terminal.out(`Unknown command "${word}": help shows the commands.`)
      }),
    )
    let isAway = false
    let over = false
    let cancel = () => {}
    const poll = async () => {
      try {
        const report = await handle.report()
        isAway = false
        if (report.state === 'ENDED') resolve({ kind: 'ended', report })
      } catch (error) {
        if (!FlinkError.is(error) || !error.retriable) return reject(error)
        if (!isAway) terminal.err(`Cannot ask how the session is: ${error.message}`)
        isAway = true
      }
      if (!over) cancel = clock.schedule(POLL_MS, () => void poll())
    }
    ends.push(() => {
      over = true
      cancel()
    })
    void poll()
  })
  return attended.finally(() => {
    for (const end of ends) end()
  })
}
