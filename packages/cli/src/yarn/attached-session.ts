import type { ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import type { ActionContext } from '../actions/action.js'
import { watchCluster } from '../targets/watch-cluster.js'

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
    ends.push(
      watchCluster({
        handle,
        clock,
        terminal,
        onEnded: (report) => resolve({ kind: 'ended', report }),
        onError: reject,
      }),
    )
  })
  return attended.finally(() => {
    for (const end of ends) end()
  })
}
