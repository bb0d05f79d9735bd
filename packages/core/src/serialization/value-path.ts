const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** `path` extended by a field: `record.word`, or `record["a b"]` when the name is no identifier. */
export function fieldPath(path: string, name: string): string {
  return IDENTIFIER.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}

/** `path` extended by an index: `record[3]`. */
export function indexPath(path: string, index: number): string {
  return `${path}[${index}]`
}

/** What a value is, in words for a message: `a function`, `an instance of Order`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'undefined':
      return 'undefined'
    case 'object':
      return kindOfObject(value)
    default:
      return `a ${typeof value}`
  }
}

function kindOfObject(value: object): string {
  if (Array.isArray(value)) return 'an array'
  const name = className(value)
  if (name === 'Object') return 'a plain object'
  const article = /^[AEIO]/.test(name) ? 'an' : 'a'
  return BUILT_INS.has(name) ? `${article} ${name}` : `an instance of ${name}`
}

const BUILT_INS = new Set([
  'Date',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'Promise',
  'RegExp',
  'Error',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Proxy',
])

/** Name of the class of an object; `Object` for plain ones. Runs no getter of the object itself. */
export function className(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return 'Object'
  const own = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown
  return typeof own === 'function' && own.name !== '' ? own.name : 'an anonymous class'
}
