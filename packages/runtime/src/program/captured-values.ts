import { createHash } from 'node:crypto'
import { Session } from 'node:inspector'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CapturedFunction } from '../jobgraph/job-graph.js'
import { mapToSource } from './source-location.js'

/** Variables of one function that are looked at; what is more is left out, everywhere alike. */
const MAX_VARIABLES = 256
/** Longest text of a value that is kept as it is. */
const MAX_VALUE_LENGTH = 200
const HOLDER = Symbol.for('@flink-ts/runtime/captured')
const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu

interface RemoteObject {
  readonly type: string
  readonly subtype?: string
  readonly value?: unknown
  readonly description?: string
  readonly unserializableValue?: string
  readonly objectId?: string
}
interface Property {
  readonly name: string
  readonly value?: RemoteObject
}
interface FunctionLocation {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}
type Scope = ReadonlyMap<string, RemoteObject>

/**
 * The primitives that functions of the program have captured, by the engine's inspector: those around
 * them that they mention, or that functions mention which they mention. What another run captured
 * differently would make its tasks compute something else.
 *
 * @param programPath the bundle: where it is in a value is left out, for it differs between machines
 */
export function capturedValues(
  functions: ReadonlyMap<string, readonly CallableFunction[]>,
  programPath: string,
): Record<string, CapturedFunction[]> {
  const captures: Record<string, CapturedFunction[]> = {}
  if (functions.size === 0) return captures
  const inspector = new FunctionInspector(programPath)
  try {
    for (const [id, list] of functions) captures[id] = list.map((f) => inspector.inspect(f))
  } finally {
    inspector.close()
  }
  return captures
}

class FunctionInspector {
  readonly #session = new Session()
  readonly #programPath: string
  readonly #programUrl: string
  /** By script: a module's scope is large and shared by all of its functions. */
  readonly #moduleScopes = new Map<string | undefined, Scope>()

  constructor(programPath: string) {
    this.#programPath = programPath
    this.#programUrl = pathToFileURL(programPath).href
    this.#session.connect()
  }

  close(): void {
    this.#post('Runtime.releaseObjectGroup', { objectGroup: 'captures' })
    this.#session.disconnect()
  }

  inspect(f: CallableFunction): CapturedFunction {
    const { internalProperties = [] } = this.#properties(this.#remoteObject(f).objectId!)
    const internal = (name: string) => internalProperties.find((p) => p.name === name)?.value
    const location = internal('[[FunctionLocation]]')?.value as FunctionLocation | undefined
    const scopes = this.#scopes(internal('[[Scopes]]')?.objectId, location?.scriptId)
    const variables = this.#mentioned(f.toString(), scopes)
    return {
      location: this.#locationText(location),
      variables: Object.fromEntries([...variables].sort(([a], [b]) => (a < b ? -1 : 1))),
    }
  }

  #mentioned(source: string, scopes: readonly Scope[]): Map<string, string> {
    const variables = new Map<string, string>()
    const queue = [...wordsOf(source)]
    const seen = new Set(queue)
    for (const name of queue) {
      if (variables.size === MAX_VARIABLES || seen.size > MAX_VARIABLES * 64) break
      // The innermost scope hides the same name further out.
      const value = scopes.find((scope) => scope.has(name))?.get(name)
      if (value === undefined) continue
      if (value.type === 'function') {
        for (const word of wordsOf(value.description ?? '')) {
          if (!seen.has(word)) queue.push(word)
          seen.add(word)
        }
      }
      const text = this.#primitiveText(value)
      if (text !== undefined) variables.set(name, text)
    }
    return variables
  }

  /** Innermost first; without global and script scopes, which are not the program's. */
  #scopes(objectId: string | undefined, scriptId: string | undefined): Scope[] {
    if (objectId === undefined) return []
    const scopes: Scope[] = []
    for (const { value } of this.#properties(objectId).result) {
      const kind = value?.description ?? ''
      if (value?.objectId === undefined || /^(Global|Script)/.test(kind)) continue
      if (kind.startsWith('Module')) {
        const scope = this.#moduleScopes.get(scriptId) ?? this.#variables(value.objectId)
        this.#moduleScopes.set(scriptId, scope)
        scopes.push(scope)
      } else {
        scopes.push(this.#variables(value.objectId))
      }
    }
    return scopes
  }

  #variables(objectId: string): Scope {
    const variables = new Map<string, RemoteObject>()
    for (const { name, value } of this.#properties(objectId).result) {
      if (value !== undefined) variables.set(name, value)
    }
    return variables
  }

  #primitiveText(object: RemoteObject): string | undefined {
    const { type, subtype, value, unserializableValue } = object
    if (unserializableValue !== undefined) return unserializableValue
    if (type === 'undefined' || subtype === 'null') return subtype ?? type
    if (type !== 'string' && type !== 'number' && type !== 'boolean') return undefined
    const text = JSON.stringify(value)
      .replaceAll(this.#programUrl, '<program>')
      .replaceAll(this.#programPath, '<program>')
    if (text.length <= MAX_VALUE_LENGTH) return text
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
    return `${text.slice(0, 40)}… (${text.length} characters, sha256 ${digest})`
  }

  #locationText(location: FunctionLocation | undefined): string {
    if (location === undefined) return 'native code'
    const { lineNumber, columnNumber } = location
    const { file, line } = mapToSource(this.#programPath, lineNumber + 1, columnNumber + 1)
    return `${basename(file)}:${line}`
  }

  #remoteObject(f: CallableFunction): RemoteObject {
    const holder = globalThis as { [HOLDER]?: CallableFunction }
    holder[HOLDER] = f
    const expression = `globalThis[Symbol.for('${HOLDER.description}')]`
    const parameters = { expression, objectGroup: 'captures' }
    const { result } = this.#post<{ result: RemoteObject }>('Runtime.evaluate', parameters)
    delete holder[HOLDER]
    return result
  }

  #properties(objectId: string): { result: Property[]; internalProperties?: Property[] } {
    return this.#post('Runtime.getProperties', { objectId, ownProperties: true })
  }

  #post<R>(method: string, parameters: object): R {
    let answer: { result?: unknown; error?: Error | null } = {}
    // In the same thread the session answers before `post` returns.
    this.#session.post(method, parameters, (error, result) => {
      answer = { error, result }
    })
    if (answer.error) throw answer.error
    return answer.result as R
  }
}

function wordsOf(source: string): Set<string> {
  return new Set(source.match(IDENTIFIER))
}
