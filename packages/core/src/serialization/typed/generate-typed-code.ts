import type { TypeDescription } from '../../types/type-information.js'
import type { FieldState } from '../dynamic/field-state.js'
import type { ValueReader } from '../dynamic/value-reader.js'
import type { ValueWriter } from '../dynamic/value-writer.js'

/** Writes a value of the type from `position` on and answers the end; -1 if it is of another type. */
export type EncodeTyped = (
  writer: ValueWriter,
  value: unknown,
  position: number,
  fields: readonly FieldState[],
) => number

export type DecodeTyped = (reader: ValueReader) => unknown

/** The code of a declared type. Field names enter it by `JSON.stringify` and nowhere else, values of enums not at all. */
export interface TypedCode {
  readonly matches: (value: unknown) => boolean
  readonly encode: EncodeTyped
  readonly decode: DecodeTyped
  /** Places of the type where texts stand: as many states does `encode` want. */
  readonly texts: number
}

/** Makes the functions for a declared type; all three follow its structure. */
export function generateTypedCode(type: TypeDescription): TypedCode {
  const generator = new Generator()
  const matches = generator.matches('v', type)
  const write = generator.write('v', type)
  const read = generator.read('r0', type)
  const source = `'use strict'
const { hasOwn, getPrototypeOf, defineProperty } = Object
function isA(v, type) {
  return typeof v === 'object' && v !== null && getPrototypeOf(v) === type.prototype
}
function isPlain(v) {
  return getPrototypeOf(v) === Object.prototype || getPrototypeOf(v) === null
}
function define(o, name, value) {
  defineProperty(o, name, { value, writable: true, enumerable: true, configurable: true })
}
${generator.helpers.join('\n')}
return {
  matches(v) { return ${matches} },
  encode(w, v, p, f) {
if (!(${matches})) return -1
${write}
return p
  },
  decode(r) {
${read}
return r0
  },
}`
  const made = new Function('enums', source)(generator.enums) as Omit<TypedCode, 'texts'>
  return { ...made, texts: generator.texts }
}

class Generator {
  readonly helpers: string[] = []
  readonly enums: { values: readonly unknown[]; indices: Map<unknown, number> }[] = []
  texts = 0
  #names = 0

  /** An expression. */
  matches(v: string, type: TypeDescription): string {
    switch (type.kind) {
      case 'string':
        return `typeof ${v} === 'string'`
      case 'int':
        return `typeof ${v} === 'number' && (${v} | 0) === ${v}`
      case 'double':
        return `typeof ${v} === 'number'`
      case 'long':
        return `typeof ${v} === 'bigint' && BigInt.asIntN(64, ${v}) === ${v}`
      case 'boolean':
        return `typeof ${v} === 'boolean'`
      case 'date':
        return `isA(${v}, Date)`
      case 'bytes':
        return `(isA(${v}, Uint8Array) || isA(${v}, Buffer))`
      case 'optional':
        return `(${v} === undefined || ${this.matches(v, type.type)})`
      case 'union':
        return type.types.length === 0
          ? 'false'
          : `(${type.types.map((t) => this.matches(v, t)).join(' || ')})`
      case 'enum':
        return `${this.#enum(type.values)}.indices.has(${v})`
      default:
        return `${this.#matcher(type)}(${v})`
    }
  }

  #matcher(type: Exclude<TypeDescription, { kind: 'string' }>): string {
    const name = this.#name('is')
    this.helpers.push(`function ${name}(v) {\n${this.#matcherBody(type)}\nreturn true\n}`)
    return name
  }

  #matcherBody(type: TypeDescription): string {
    switch (type.kind) {
      case 'object': {
        const lines = ["if (typeof v !== 'object' || v === null) return false", 'let n = 0']
        for (const { name, type: field } of type.fields) {
          const text = JSON.stringify(name)
          const value = this.#name('v')
          const isOptional = field.kind === 'optional'
          if (isOptional || name === '__proto__') {
            const absent = isOptional ? '' : ' else return false'
            lines.push(
              `if (hasOwn(v, ${text})) { const ${value} = v[${text}]; n++; if (!(${this.matches(value, field)})) return false }${absent}`,
            )
          } else {
            lines.push(
              `const ${value} = v[${text}]; n++; if (!(${this.matches(value, field)})) return false`,
            )
          }
        }
        // The prototype last: once the engine has read a field it knows the hidden class, and so the prototype.
        return [
          ...lines,
          'if (!isPlain(v)) return false',
          'for (const k in v) n--',
          'if (n !== 0) return false',
        ].join('\n')
      }
      case 'tuple': {
        const lines = [`if (!isA(v, Array) || v.length !== ${type.elements.length}) return false`]
        type.elements.forEach((element, i) => {
          const value = this.#name('v')
          lines.push(
            `const ${value} = v[${i}]; if ((${value} === undefined && !(${i} in v)) || !(${this.matches(value, element)})) return false`,
          )
        })
        return lines.join('\n')
      }
      case 'list':
        return `if (!isA(v, Array)) return false
for (let i = 0; i < v.length; i++) { const e = v[i]; if ((e === undefined && !(i in v)) || !(${this.matches('e', type.element)})) return false }`
      case 'map':
        return `if (!isA(v, Map)) return false
for (const [k, e] of v) { if (!(${this.matches('k', type.key)}) || !(${this.matches('e', type.value)})) return false }`
      default:
        return `if (!(${this.matches('v', type)})) return false`
    }
  }

  /** Statements that move `p`. */
  write(v: string, type: TypeDescription): string {
    switch (type.kind) {
      case 'string':
        return `p = w.text(${v}, p, f[${this.texts++}])`
      case 'int':
      case 'double':
        return `p = w.number(${v}, p)`
      case 'long':
        return `p = w.long(${v}, p)`
      case 'boolean':
        return `p = w.boolean(${v}, p)`
      case 'date':
        return `p = w.double(${v}.getTime(), p)`
      case 'bytes':
        return `p = w.octets(${v}, p)`
      case 'optional':
        return `if (${v} === undefined) p = w.tag(0, p)
else { p = w.tag(1, p)\n${this.write(v, type.type)} }`
      case 'union':
        return type.types
          .map(
            (t, i) => `if (${this.matches(v, t)}) { p = w.varint(${i}, p)\n${this.write(v, t)} }`,
          )
          .join('\nelse ')
      case 'enum':
        return `p = w.varint(${this.#enum(type.values)}.indices.get(${v}), p)`
      case 'object':
        return this.#writeObject(v, type.fields)
      case 'tuple':
        return type.elements.length === 0
          ? 'p = w.tag(0, p)'
          : type.elements
              .map((element, i) => {
                const value = this.#name('v')
                return `const ${value} = ${v}[${i}]\n${this.write(value, element)}`
              })
              .join('\n')
      case 'list': {
        const element = this.#name('v')
        return `p = w.varint(${v}.length, p)
for (let i = 0; i < ${v}.length; i++) { const ${element} = ${v}[i]\n${this.write(element, type.element)} }`
      }
      case 'map': {
        const [key, value] = [this.#name('v'), this.#name('v')]
        return `p = w.varint(${v}.size, p)
for (const [${key}, ${value}] of ${v}) {\n${this.write(key, type.key)}\n${this.write(value, type.value)} }`
      }
    }
  }

  #writeObject(v: string, fields: readonly { name: string; type: TypeDescription }[]): string {
    // Everything takes a byte at least, so that no count of nothings is believed.
    if (fields.length === 0) return 'p = w.tag(0, p)'
    const lines = fields.map(({ name, type }) => {
      const text = JSON.stringify(name)
      const value = this.#name('v')
      if (type.kind !== 'optional') {
        return `const ${value} = ${v}[${text}]\n${this.write(value, type)}`
      }
      return `if (!hasOwn(${v}, ${text})) p = w.tag(2, p)
else { const ${value} = ${v}[${text}]\n${this.write(value, type)} }`
    })
    return lines.join('\n')
  }

  /** Statements that declare `target`. */
  read(target: string, type: TypeDescription): string {
    switch (type.kind) {
      case 'string':
        return `const ${target} = r.text()`
      case 'int':
      case 'double':
        return `const ${target} = r.number()`
      case 'long':
        return `const ${target} = r.long()`
      case 'boolean':
        return `const ${target} = r.boolean()`
      case 'date':
        return `const ${target} = new Date(r.double())`
      case 'bytes':
        return `const ${target} = r.octets()`
      case 'enum':
        return `const ${target} = ${this.#enum(type.values)}.values[r.index(${type.values.length})]`
      case 'optional': {
        const inner = this.#name('r')
        return `let ${target}
if (r.index(2) === 1) {\n${this.read(inner, type.type)}\n${target} = ${inner} }`
      }
      case 'union': {
        const cases = type.types.map((t, i) => {
          const inner = this.#name('r')
          return `case ${i}: {\n${this.read(inner, t)}\n${target} = ${inner}; break }`
        })
        return `let ${target}\nswitch (r.index(${type.types.length})) {\n${cases.join('\n')} }`
      }
      case 'object':
        return this.#readObject(target, type.fields)
      case 'tuple': {
        if (type.elements.length === 0) return `r.index(1)\nconst ${target} = []`
        const parts = type.elements.map(() => this.#name('r'))
        const reads = type.elements.map((element, i) => this.read(parts[i]!, element))
        return `${reads.join('\n')}\nconst ${target} = [${parts.join(', ')}]`
      }
      case 'list': {
        const [element, left] = [this.#name('r'), this.#name('n')]
        return `const ${target} = []
for (let ${left} = r.count(1); ${left} > 0; ${left}--) {\n${this.read(element, type.element)}\n${target}.push(${element}) }`
      }
      case 'map': {
        const [key, value, left] = [this.#name('r'), this.#name('r'), this.#name('n')]
        return `const ${target} = new Map()
for (let ${left} = r.count(2); ${left} > 0; ${left}--) {
${this.read(key, type.key)}\n${this.read(value, type.value)}\n${target}.set(${key}, ${value}) }`
      }
    }
  }

  #readObject(target: string, fields: readonly { name: string; type: TypeDescription }[]): string {
    if (fields.length === 0) return `r.index(1)\nconst ${target} = {}`
    // What comes before the first field that may be absent or is special is a literal.
    const special = fields.findIndex((f) => f.type.kind === 'optional' || f.name === '__proto__')
    const plain = special < 0 ? fields : fields.slice(0, special)
    const parts = plain.map(() => this.#name('r'))
    const reads = plain.map((field, i) => this.read(parts[i]!, field.type))
    const literal = plain.map((field, i) => `${JSON.stringify(field.name)}: ${parts[i]}`)
    const rest = special < 0 ? [] : fields.slice(special)
    const sets = rest.map(({ name, type }) => {
      const part = this.#name('r')
      const text = JSON.stringify(name)
      const set =
        name === '__proto__'
          ? `define(${target}, ${text}, ${part})`
          : `${target}[${text}] = ${part}`
      if (type.kind !== 'optional') return `${this.read(part, type)}\n${set}`
      const [how, inner] = [this.#name('n'), this.#name('r')]
      return `const ${how} = r.index(3)
if (${how} !== 2) { let ${part}; if (${how} === 1) {\n${this.read(inner, type.type)}\n${part} = ${inner} }\n${set} }`
    })
    return [...reads, `const ${target} = { ${literal.join(', ')} }`, ...sets].join('\n')
  }

  #enum(values: readonly (string | number)[]): string {
    let index = this.enums.findIndex((e) => e.values === values)
    if (index < 0) {
      index = this.enums.length
      this.enums.push({ values, indices: new Map(values.map((value, i) => [value, i])) })
    }
    return `enums[${index}]`
  }

  #name(prefix: string): string {
    return `${prefix}_${this.#names++}`
  }
}
