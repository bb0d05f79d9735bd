import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { TaskThreadControl } from './task-thread-control.js'

/** Calls that can keep a thread for long and that nothing can end: neither cancel nor terminate. */
const BLOCKING_CALLS: readonly (readonly [string, object, readonly string[]])[] = [
  ['child_process', childProcess, ['execFileSync', 'execSync', 'spawnSync']],
  ['crypto', crypto, ['generateKeyPairSync', 'generatePrimeSync', 'pbkdf2Sync', 'scryptSync']],
]

/**
 * Lets the launcher know which blocking native call this thread is in and where the user makes it,
 * so that it can be named when the thread cannot be ended.
 */
export function announceNativeCalls(control: TaskThreadControl): void {
  for (const [module, functions, names] of BLOCKING_CALLS) {
    for (const name of names) {
      const calls = functions as Record<string, (...args: unknown[]) => unknown>
      const real = calls[name]!
      calls[name] = function (this: unknown, ...args: unknown[]) {
        control.enterNativeCall(`${module}.${name}${callSite()}`)
        try {
          return real.apply(this, args)
        } finally {
          control.leaveNativeCall()
        }
      }
    }
  }
  syncBuiltinESMExports()
}

function callSite(): string {
  // The first three lines: the message, this function and the one that replaces the call.
  const frame = new Error('here').stack?.split('\n')[3]
  return frame === undefined ? '' : ` ${frame.trim()}`
}
