import { CliArgumentError } from '../terminal/terminal.js'

/** One option of an action. Flink's command line takes long names behind one dash, and several letters as a short name. */
export interface OptionDefinition {
  /** Without dashes, such as `sae`. */
  readonly short?: string
  /** Without dashes, such as `shutdownOnAttachedExit`. */
  readonly long?: string
  /** Name of its argument; none: a switch. */
  readonly argument?: string
  readonly description: string
  /** Its argument may stand right behind a name of several letters, as in `-yDkey=value`. */
  readonly glued?: true
  /** Under which heading the help shows it; undefined: with those of the action. */
  readonly group?: 'yarn-cluster'
}

/** The words of a command line, taken apart. */
export class ParsedArguments {
  readonly #values: ReadonlyMap<OptionDefinition, readonly string[]>
  /** What is no option: the program and its arguments, or a job id. */
  readonly positional: readonly string[]

  constructor(
    values: ReadonlyMap<OptionDefinition, readonly string[]>,
    positional: readonly string[],
  ) {
    this.#values = values
    this.positional = positional
  }

  has(option: OptionDefinition): boolean {
    return this.#values.has(option)
  }

  /** The last value that was given. */
  value(option: OptionDefinition): string | undefined {
    return this.#values.get(option)?.at(-1)
  }

  /** All values, in order. */
  values(option: OptionDefinition): readonly string[] {
    return this.#values.get(option) ?? []
  }
}

/**
 * Takes a command line apart. Options come first: what follows the first other word belongs to the program.
 * `--name value`, `--name=value`, `-n value` and `-nvalue` (one letter with an argument, as in `-Dkey=value`).
 *
 * @throws CliArgumentError for an unknown option or a missing argument
 */
export function parseArguments(
  words: readonly string[],
  options: readonly OptionDefinition[],
): ParsedArguments {
  const values = new Map<OptionDefinition, string[]>()
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      at++
      break
    }
    if (!word.startsWith('-') || word === '-') break
    const { option, inline } = find(word, options)
    const given = values.get(option) ?? []
    values.set(option, given)
    if (option.argument === undefined) {
      if (inline !== undefined) throw new CliArgumentError(`Option takes no value: ${word}`)
    } else if (inline !== undefined) {
      given.push(inline)
    } else {
      at++
      const value = words[at]
      if (value === undefined) {
        throw new CliArgumentError(`Missing argument for option: ${word.replace(/^-+/, '')}`)
      }
      given.push(value)
    }
  }
  return new ParsedArguments(values, words.slice(at))
}

function find(
  word: string,
  options: readonly OptionDefinition[],
): { option: OptionDefinition; inline: string | undefined } {
  const bare = word.replace(/^--?/, '')
  const equals = bare.indexOf('=')
  const name = equals < 0 ? bare : bare.slice(0, equals)
  const inline = equals < 0 ? undefined : bare.slice(equals + 1)
  const exact = options.find((o) => o.long === name || (o.short === name && !word.startsWith('--')))
  if (exact !== undefined && !(inline !== undefined && exact.short === name)) {
    return { option: exact, inline }
  }
  if (!word.startsWith('--')) {
    const glued = options.find(
      ({ short = '', argument, glued }) =>
        (short.length === 1 || glued) &&
        argument !== undefined &&
        bare.startsWith(short) &&
        bare.length > short.length,
    )
    if (glued !== undefined) return { option: glued, inline: bare.slice(glued.short!.length) }
  }
  throw new CliArgumentError(`Unrecognized option: ${word}`)
}
