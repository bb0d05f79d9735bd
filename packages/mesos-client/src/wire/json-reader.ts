import { MesosProtocolError } from '../mesos-protocol-error.js'
import type { JsonObject, JsonValue } from '../records/json.js'

/**
 * Looks at a JSON object that came from elsewhere, by the rules of Mesos: `null` is not there, a lone value is a list of one, numbers may
 * be written as texts, what is not asked for is not looked at. Everything throws a {@link MesosProtocolError} that names the place.
 */
export class JsonReader {
  readonly wire: JsonObject
  readonly #path: string

  private constructor(wire: JsonObject, path: string) {
    this.wire = wire
    this.#path = path
  }

  /** @param what it is, for messages */
  static of(text: string, what: string): JsonReader {
    let value: JsonValue
    try {
      value = JSON.parse(text) as JsonValue
    } catch (cause) {
      throw new MesosProtocolError(`${what} is no JSON: ${shorten(text)}`, cause)
    }
    if (!isObject(value))
      throw new MesosProtocolError(`${what} is no JSON object: ${shorten(text)}`)
    return new JsonReader(value, what)
  }

  object(name: string): JsonReader {
    return this.optionalObject(name) ?? this.#missing(name)
  }

  optionalObject(name: string): JsonReader | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (!isObject(value)) throw this.#wrong(name, 'no object', value)
    return new JsonReader(value, `${this.#path}.${name}`)
  }

  objects(name: string): JsonReader[] {
    return this.#list(name).map((value, index) => {
      if (!isObject(value)) throw this.#wrong(`${name}[${index}]`, 'no object', value)
      return new JsonReader(value, `${this.#path}.${name}[${index}]`)
    })
  }

  /**
   * As {@link objects}, each by itself: what `read` throws of one costs that one.
   *
   * @param onWrong told with the reader of the one that it cost, if it is an object at all
   */
  readEach<T>(
    name: string,
    read: (reader: JsonReader) => T,
    onWrong: (error: MesosProtocolError, reader: JsonReader | undefined) => void,
  ): T[] {
    return this.#list(name).flatMap((value, index) => {
      let reader: JsonReader | undefined
      try {
        if (!isObject(value)) throw this.#wrong(`${name}[${index}]`, 'no object', value)
        reader = new JsonReader(value, `${this.#path}.${name}[${index}]`)
        return [read(reader)]
      } catch (error) {
        if (!(error instanceof MesosProtocolError)) throw error
        onWrong(error, reader)
        return []
      }
    })
  }

  strings(name: string): string[] {
    return this.#list(name).map((value, index) => {
      if (typeof value !== 'string') throw this.#wrong(`${name}[${index}]`, 'no text', value)
      return value
    })
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#missing(name)
  }

  optionalString(name: string): string | undefined {
    const value = this.#value(name)
    if (value !== undefined && typeof value !== 'string') throw this.#wrong(name, 'no text', value)
    return value
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#missing(name)
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw this.#wrong(name, 'no number', value)
    }
    return number
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.#value(name)
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    if (value === undefined) return undefined
    throw this.#wrong(name, 'neither true nor false', value)
  }

  /** Of a message `{"value": "…"}`. */
  id(name: string): string {
    return this.object(name).string('value')
  }

  optionalId(name: string): string | undefined {
    return this.optionalObject(name)?.string('value')
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined
  }

  /** An error about a field that is there. */
  wrong(name: string, problem: string): MesosProtocolError {
    return this.#wrong(name, problem, this.#value(name))
  }

  #list(name: string): readonly JsonValue[] {
    const value = this.#value(name)
    if (value === undefined) return []
    return Array.isArray(value) ? value : [value]
  }

  #value(name: string): JsonValue | undefined {
    return Object.hasOwn(this.wire, name) ? (this.wire[name] ?? undefined) : undefined
  }

  #missing(name: string): never {
    throw new MesosProtocolError(`${this.#path} has no '${name}'`)
  }

  #wrong(name: string, problem: string, value: JsonValue | undefined): MesosProtocolError {
    return new MesosProtocolError(
      `${this.#path}.${name} is ${problem}: ${shorten(JSON.stringify(value) ?? '')}`,
    )
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}
