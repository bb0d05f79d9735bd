import { type Configuration, CoreOptions, UPPER_BOUND_MAX_PARALLELISM } from '@flink-ts/core'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { PARALLELISM } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'

/** The configuration that a program starts from: that of the action, and `-p`. @throws CliArgumentError */
export function programConfiguration(
  args: ParsedArguments,
  configuration: Configuration,
): Configuration {
  const result = configuration.clone()
  const text = args.value(PARALLELISM)
  if (text === undefined) return result
  if (!/^[1-9]\d*$/.test(text)) {
    throw new CliArgumentError(`The parallelism must be a positive number: ${text}`)
  }
  if (Number(text) > UPPER_BOUND_MAX_PARALLELISM) {
    throw new CliArgumentError(
      `The parallelism must be from 1 to ${UPPER_BOUND_MAX_PARALLELISM}: ${text}`,
    )
  }
  return result.set(CoreOptions.DEFAULT_PARALLELISM, Number(text))
}
