import { FlinkError } from '../errors/flink-error.js'

/** A key that is, or holds, something without a canonical form. The message names where. */
export class KeyNotSupportedError extends FlinkError {
  /** Where in the key, such as `key.a[2]`. */
  readonly path: string
  /** Whose key it is; undefined where nobody knows. */
  readonly operatorName: string | undefined
  readonly #what: string

  constructor(path: string, what: string, operatorName?: string) {
    super(
      `${operatorName === undefined ? '' : `Operator '${operatorName}': `}Cannot use this value as a key: ${path}: ${what}; a key is a string, number, bigint, boolean, Date, Uint8Array, or an array or plain object of these`,
      { code: 'FLINK_KEY_NOT_SUPPORTED' },
    )
    this.path = path
    this.operatorName = operatorName
    this.#what = what
  }

  /** The same with the operator whose key it is, unless it has one. */
  of(operatorName: string): KeyNotSupportedError {
    if (this.operatorName !== undefined) return this
    return new KeyNotSupportedError(this.path, this.#what, operatorName)
  }
}
