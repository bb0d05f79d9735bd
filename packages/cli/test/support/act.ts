import { type Clock, Configuration, SystemClock } from '@flink-ts/core'
import type { Action, ActionContext } from '../../dist/actions/action.js'
import { parseArguments } from '../../dist/arguments/option-parser.js'
import { commandLineConfiguration } from '../../dist/configuration.js'
import { dynamicProperties } from '../../dist/flink-home.js'
import { TestingTerminal } from './testing-terminal.js'

/** No session of whoever runs the tests is found. */
export const NO_SESSION = Configuration.fromMap({ 'yarn.properties-file.location': '/nowhere' })

/** Job clusters are refused without. */
const MEMORY = Configuration.fromMap({ 'taskmanager.memory.process.size': '1728m' })

/** What Ctrl-C does in a test. */
export class TestingInterrupts {
  readonly #listeners = new Set<() => void>()

  readonly onInterrupt = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  interrupt(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

export interface Acted {
  readonly code: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Runs an action with the words of a command line, as `flink` does. */
export async function act(
  action: Action,
  words: readonly string[],
  options: {
    configuration?: Configuration | Readonly<Record<string, string>>
    clock?: Clock
    terminal?: TestingTerminal
    workingDirectory?: string
    environment?: Readonly<Record<string, string>>
    importModule?: NonNullable<ActionContext['importModule']>
    interrupts?: Pick<ActionContext, 'onInterrupt'>
  } = {},
): Promise<Acted> {
  const { terminal = new TestingTerminal(), workingDirectory = '/' } = options
  const args = parseArguments(words, action.options)
  const given = options.configuration ?? {}
  const configured = NO_SESSION.clone()
    .merge(MEMORY)
    .merge(given instanceof Configuration ? given : Configuration.fromMap(given))
    .merge(dynamicProperties(args.values(action.options.find(({ short }) => short === 'D')!)))
  const code = await action.run(args, {
    terminal,
    clock: options.clock ?? new SystemClock(),
    // No secret of whoever runs the tests is found.
    environment: { FLINK_CONF_DIR: '/nowhere', ...options.environment },
    workingDirectory,
    configuration: configured
      .clone()
      .merge(commandLineConfiguration(args, { configured, workingDirectory })),
    onInterrupt: (options.interrupts ?? new TestingInterrupts()).onInterrupt,
    ...(options.importModule === undefined ? {} : { importModule: options.importModule }),
  })
  return { code, out: terminal.outLines, err: terminal.errLines }
}
