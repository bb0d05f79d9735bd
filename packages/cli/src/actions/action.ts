import type { Clock, Configuration } from '@flink-ts/core'
import type { OptionDefinition, ParsedArguments } from '../arguments/option-parser.js'
import type { Terminal } from '../terminal/terminal.js'

/** The world that an action works in. */
export interface ActionContext {
  readonly terminal: Terminal
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** The configuration files with `-D` over them. */
  readonly configuration: Configuration
  /** Loads what deploys clusters. Default: Node's `import`. */
  readonly importModule?: (name: string) => Promise<unknown>
  /** Calls `listener` on Ctrl-C in place of ending the process; answers a function that stops that. */
  onInterrupt(listener: () => void): () => void
}

/** One verb of `bin/flink`. */
export interface Action {
  readonly name: string
  /** Completes the sentence that its help begins with. */
  readonly summary: string
  /** What comes behind the options, for the help. */
  readonly positional: string
  readonly options: readonly OptionDefinition[]
  /** @returns the exit code */
  run(args: ParsedArguments, context: ActionContext): Promise<number>
}
