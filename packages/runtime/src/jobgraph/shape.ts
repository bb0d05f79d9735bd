import { InvalidJobGraphError } from './invalid-job-graph-error.js'

/** Checks a value at a path. @throws InvalidJobGraphError naming the path */
export type Shape = (value: unknown, path: string) => void

export function fail(path: string, problem: string): never {
  throw new InvalidJobGraphError(path, problem)
}

function typed(name: 'string' | 'boolean'): Shape {
  return (value, path) => {
    if (typeof value !== name) fail(path, `expected a ${name}, found ${describe(value)}`)
  }
}

export const string = typed('string')
export const boolean = typed('boolean')

export const number: Shape = (value, path) => {
  if (typeof value !== 'number') fail(path, `expected a number, found ${describe(value)}`)
}

/** A finite number above zero. */
export const positive: Shape = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return
  fail(path, `expected a number above 0, found ${describe(value)}`)
}

export const nonEmptyString: Shape = (value, path) => {
  string(value, path)
  if (value === '') fail(path, 'expected a text that is not empty')
}

export const anything: Shape = () => {}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Shape {
  return (value, path) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
    const limits = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    fail(path, `expected a whole number ${limits}, found ${describe(value)}`)
  }
}

export function matching(pattern: RegExp, what: string): Shape {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) {
      fail(path, `expected ${what}, found ${describe(value)}`)
    }
  }
}

export function oneOf(...allowed: readonly string[]): Shape {
  return (value, path) => {
    if (!allowed.includes(value as string)) {
      fail(path, `expected one of ${allowed.join(', ')}, found ${describe(value)}`)
    }
  }
}

export function optional(shape: Shape): Shape {
  return (value, path) => {
    if (value !== undefined) shape(value, path)
  }
}

export function list(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) fail(path, `expected a list, found ${describe(value)}`)
    value.forEach((element, i) => {
      shape(element, `${path}[${i}]`)
    })
  }
}

export function record(shape: Shape): Shape {
  return (value, path) => {
    for (const [key, element] of Object.entries(plainObject(value, path))) {
      shape(element, `${path}[${JSON.stringify(key)}]`)
    }
  }
}

/** Fields that the shape does not name are left alone. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  return (value, path) => {
    const found = plainObject(value, path)
    for (const [name, shape] of Object.entries(fields)) {
      shape(
        Object.hasOwn(found, name) ? found[name] : undefined,
        path === '' ? name : `${path}.${name}`,
      )
    }
  }
}

function plainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(path, `expected an object, found ${describe(value)}`)
  }
  return value as Record<string, unknown>
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
