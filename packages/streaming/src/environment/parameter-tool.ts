import { FlinkError } from '@flink-ts/core'

/** A parameter of the program is missing or has a wrong value. */
export class ParameterError extends FlinkError {
  constructor(message: string) {
    super(message, { code: 'FLINK_PARAMETER' })
  }
}

/** Parameters of a program, read from its arguments. */
export class ParameterTool {
  /** A flag has no value. */
  readonly #values: ReadonlyMap<string, string | undefined>

  private constructor(values: ReadonlyMap<string, string | undefined>) {
    this.#values = values
  }

  /**
   * Reads `--key value`, `-key value` and `--key=value`; a key that another key or nothing follows is a flag. A
   * number is a value also when it is negative.
   *
   * @throws ParameterError at what is neither a key nor a key's value
   */
  static fromArgs(args: readonly string[]): ParameterTool {
    const values = new Map<string, string | undefined>()
    for (let i = 0; i < args.length; ) {
      const argument = args[i++]!
      const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument)
      if (match === null || isNumber(argument)) {
        throw new ParameterError(
          `Cannot read argument '${argument}': expected --key value, --key=value or --flag`,
        )
      }
      const next = args[i]
      const takesNext = match[2] === undefined && next !== undefined && !looksLikeKey(next)
      values.set(match[1]!, takesNext ? next : match[2])
      if (takesNext) i++
    }
    return new ParameterTool(values)
  }

  /** Parameters from an object. */
  static fromMap(values: Readonly<Record<string, string>>): ParameterTool {
    return new ParameterTool(new Map(Object.entries(values)))
  }

  /** Whether a parameter was given, with or without a value. */
  has(key: string): boolean {
    return this.#values.has(key)
  }

  /** The value of a parameter, else `defaultValue`; a flag counts as absent. */
  get(key: string): string | undefined
  get(key: string, defaultValue: string): string
  get(key: string, defaultValue?: string): string | undefined {
    return this.#values.get(key) ?? defaultValue
  }

  /** @throws ParameterError naming the key if it was not given or has no value */
  getRequired(key: string): string {
    const value = this.#values.get(key)
    if (value !== undefined) return value
    throw new ParameterError(
      this.#values.has(key)
        ? `Parameter --${key} has no value: expected --${key} <value>`
        : `Missing required parameter --${key}`,
    )
  }

  /** A whole number. @throws ParameterError if it is none, or if it is missing and has no default */
  getInt(key: string, defaultValue?: number): number {
    return this.#parsed(key, defaultValue, 'a whole number', (text) => {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
      return Number.isSafeInteger(value) ? value : undefined
    })
  }

  /** A number. @throws ParameterError if it is none, or if it is missing and has no default */
  getNumber(key: string, defaultValue?: number): number {
    return this.#parsed(key, defaultValue, 'a number', (text) => {
      return isNumber(text) ? Number(text) : undefined
    })
  }

  /** `true` or `false`; a flag is true. @throws ParameterError if it is neither */
  getBoolean(key: string, defaultValue = false): boolean {
    if (this.has(key) && this.get(key) === undefined) return true
    return this.#parsed(key, defaultValue, 'true or false', (text) => {
      const lower = text.toLowerCase()
      return lower === 'true' ? true : lower === 'false' ? false : undefined
    })
  }

  /** All parameters that have a value. */
  toMap(): Record<string, string> {
    const map: Record<string, string> = {}
    for (const [key, value] of this.#values) if (value !== undefined) map[key] = value
    return map
  }

  #parsed<T>(
    key: string,
    defaultValue: T | undefined,
    expected: string,
    parse: (text: string) => T | undefined,
  ): T {
    const text = this.get(key)
    if (text === undefined && defaultValue !== undefined) return defaultValue
    const value = parse(this.getRequired(key))
    if (value !== undefined) return value
    throw new ParameterError(`Cannot use '${text}' as the value of --${key}: expected ${expected}`)
  }
}

function looksLikeKey(argument: string): boolean {
  return argument.startsWith('--') || (/^-[^-]/.test(argument) && !isNumber(argument))
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
}
