import { Script } from 'node:vm'
import type { MiniClusterWorld } from './mini-cluster-options.js'

const TURN = Symbol.for('@flink-ts/client/turn')
type Holder = { [TURN]?: (() => void) | undefined }

const runTurn = new Script(`globalThis[Symbol.for(${JSON.stringify(TURN.description)})]()`, {
  filename: 'flink-ts-turn.js',
})

/**
 * Runs actions in later turns of the event loop so that Ctrl-C reaches them: a signal handler of JavaScript does not
 * run while a user function loops in the only thread there is, but Node can break off a script. For that Node takes the listeners away
 * and gives them back with each script: a Ctrl-C in those microseconds ends the process at once, as if nobody listened.
 *
 * @param onInterrupt called when Ctrl-C has broken off an action
 */
export function interruptibleDefer(onInterrupt: () => void): MiniClusterWorld['defer'] {
  const holder = globalThis as Holder
  return (action) =>
    void setImmediate(() => {
      holder[TURN] = action
      try {
        runTurn.runInThisContext({ breakOnSigint: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
          throw error
        onInterrupt()
      }
    })
}
