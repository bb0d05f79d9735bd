import { type OptionDefinition, ParsedArguments, parseArguments } from './option-parser.js'

/**
 * For actions that run no program: options may stand behind other words, too.
 *
 * @param first what stood before the first other word
 * @param words all from there on
 * @throws CliArgumentError
 */
export function optionsAnywhere(
  first: ParsedArguments,
  words: readonly string[],
  options: readonly OptionDefinition[],
): ParsedArguments {
  const values = new Map<OptionDefinition, readonly string[]>()
  const positional: string[] = []
  const add = (args: ParsedArguments) => {
    for (const option of options) {
      if (args.has(option))
        values.set(option, [...(values.get(option) ?? []), ...args.values(option)])
    }
  }
  add(first)
  for (let rest = words; rest.length > 0; ) {
    const args = parseArguments(rest, options)
    add(args)
    positional.push(...args.positional.slice(0, 1))
    rest = args.positional.slice(1)
  }
  return new ParsedArguments(values, positional)
}
