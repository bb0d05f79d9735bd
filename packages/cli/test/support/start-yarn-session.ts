import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Configuration } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { Test } from 'tap'
import { parseArguments } from '../../dist/arguments/option-parser.js'
import { YARN_SESSION_OPTIONS, yarnSession } from '../../dist/yarn/yarn-session-command.js'
import { TestingInterrupts } from './act.js'
import { FakeClusterManager } from './fake-cluster-manager.js'
import { folderWith } from './run-command.js'
import { TestingTerminal } from './testing-terminal.js'

/** Name of the file with which clients find the session. */
export const PROPERTIES_FILE = `.yarn-properties-${userInfo().username}`

/** Runs `yarn-session.sh` in this process. */
export function startYarnSession(
  t: Test,
  words: readonly string[],
  options: { manager?: FakeClusterManager; folder?: string } = {},
) {
  const { manager = new FakeClusterManager('h:1'), folder = folderWith(t) } = options
  const terminal = new TestingTerminal()
  const interrupts = new TestingInterrupts()
  const clock = new ManualClock()
  let say: ((line: string) => void) | undefined
  const path = join(folder, PROPERTIES_FILE)
  const ended = yarnSession(parseArguments(words, YARN_SESSION_OPTIONS), {
    terminal,
    clock,
    environment: {},
    workingDirectory: '/here',
    configuration: Configuration.fromMap({ 'yarn.properties-file.location': folder }),
    importModule: manager.importModule,
    onInterrupt: interrupts.onInterrupt,
    readLines(listener) {
      say = listener
      return () => {
        say = undefined
      }
    },
  })
  return {
    manager,
    terminal,
    interrupts,
    clock,
    path,
    ended,
    /** When it stays with its session. */
    staying: async () => {
      while (say === undefined) await new Promise((resolve) => setImmediate(resolve))
    },
    say: (line: string) => say!(line),
    reads: () => say !== undefined,
  }
}
