import { FieldKind, Tag } from './format.js'
import type { ShapeEncoder } from './shape-encoder.js'
import type { ValueReader } from './value-reader.js'
import type { ValueWriter } from './value-writer.js'

export type EncodeShape = (
  writer: ValueWriter,
  value: object,
  position: number,
  shape: ShapeEncoder,
) => number

export type DecodeShape = (reader: ValueReader) => object

/** Answers a copy of an object with these fields, -1 for any other. */
export type CopyShape = (value: object) => object | -1

/** Answers a copy of an object with these fields, of which `part` copies those that are objects; -1 for any other. */
export type DeepCopyShape = (
  value: object,
  part: (value: object, index: number) => unknown,
) => object | -1

export interface ShapeDescription {
  readonly isTuple: boolean
  readonly names: readonly string[]
  readonly kinds: readonly FieldKind[]
}

/** Compiled functions are shared by all channels of a thread: compiled and optimized once. */
const MAX_COMPILED = 1024
const encoders = new Map<string, EncodeShape>()
const decoders = new Map<string, DecodeShape>()
const copiers = new Map<string, CopyShape>()
const deepCopiers = new Map<string, DeepCopyShape>()

/**
 * The function that writes records of this shape. Names enter its source as string literals made by
 * `JSON.stringify` and nowhere else.
 */
export function generateEncoder(shape: ShapeDescription): EncodeShape {
  return compiled(encoders, shape, encoderSource)
}

/** The function that reads the fields of a record of this shape; made under the same rule. */
export function generateDecoder(shape: ShapeDescription): DecodeShape {
  return compiled(decoders, shape, decoderSource)
}

/** The function that copies plain objects with these fields; made under the same rule. */
export function generateCopier(names: readonly string[]): CopyShape {
  return compiled(copiers, { isTuple: false, names, kinds: [] }, copierSource)
}

/** Like {@link generateCopier}, for copies that share no part with what was copied. */
export function generateDeepCopier(names: readonly string[]): DeepCopyShape {
  return compiled(deepCopiers, { isTuple: false, names, kinds: [] }, deepCopierSource)
}

function compiled<F>(
  cache: Map<string, F>,
  shape: ShapeDescription,
  source: (shape: ShapeDescription) => string,
): F {
  const key = JSON.stringify([shape.isTuple, shape.kinds, shape.isTuple ? 0 : shape.names])
  let found = cache.get(key)
  if (found === undefined) {
    if (cache.size >= MAX_COMPILED) cache.clear()
    found = new Function(`'use strict'\n${source(shape)}`)() as F
    cache.set(key, found)
  }
  return found
}

function encoderSource({ isTuple, names, kinds }: ShapeDescription): string {
  const reads = kinds.map((_, i) => `const v${i} = v[${isTuple ? i : JSON.stringify(names[i])}]`)
  // Once the engine has read a field it knows the object's hidden class: that of its prototype costs nothing then.
  const lines = isTuple
    ? [...tupleCheck(names.length), ...reads]
    : [...reads, ...objectCheck(names)]
  kinds.forEach((kind, i) => {
    const type = TYPE_OF_KIND[kind]
    if (type !== undefined) lines.push(`if (typeof v${i} !== '${type}') return -2`)
    else if (isTuple) lines.push(`if (v${i} === undefined && !(${i} in v)) return -1`)
  })
  lines.push(
    'let p = position',
    'const id = shape.id',
    'if (id < 0) {',
    '  if (!w.shapes.hasRoom) return -1',
    '  p = w.shapes.writeSchema(shape, p, w)',
    `} else if (id < ${Tag.FarShape - Tag.Shape}) {`,
    '  if (p >= w.limit) return w.noSpace()',
    `  w.bytes[p++] = ${Tag.Shape} + id`,
    '} else {',
    `  p = w.varint(id, w.tag(${Tag.FarShape}, p))`,
    '}',
  )
  if (kinds.length > 0) lines.push('const f = shape.fields')
  kinds.forEach((kind, i) => {
    lines.push(`p = ${WRITE_OF_KIND[kind](`v${i}`, `f[${i}]`)}`)
  })
  lines.push('return p')
  return `return function encodeShape(w, v, position, shape) {\n${lines.join('\n')}\n}`
}

function objectCheck(names: readonly string[]): string[] {
  const cases = names.map(
    (name, i) => `case ${i}: if (k !== ${JSON.stringify(name)}) return -1; break`,
  )
  return [
    'if (Object.getPrototypeOf(v) !== Object.prototype) return -1',
    'let n = 0',
    `for (const k in v) { switch (n++) { ${cases.join('\n')}\ndefault: return -1 } }`,
    `if (n !== ${names.length}) return -1`,
  ]
}

function tupleCheck(length: number): string[] {
  return [
    `if (!Array.isArray(v) || v.length !== ${length}) return -1`,
    'if (Object.getPrototypeOf(v) !== Array.prototype) return -1',
  ]
}

const TYPE_OF_KIND: Record<FieldKind, string | undefined> = {
  [FieldKind.Any]: undefined,
  [FieldKind.String]: 'string',
  [FieldKind.Number]: 'number',
  [FieldKind.Boolean]: 'boolean',
}

const WRITE_OF_KIND: Record<FieldKind, (value: string, field: string) => string> = {
  [FieldKind.Any]: (value, field) => `w.any(${value}, p, ${field})`,
  [FieldKind.String]: (value, field) => `w.text(${value}, p, ${field})`,
  [FieldKind.Number]: (value) => `w.number(${value}, p)`,
  [FieldKind.Boolean]: (value) => `w.boolean(${value}, p)`,
}

const READ_OF_KIND: Record<FieldKind, string> = {
  [FieldKind.Any]: 'r.any()',
  [FieldKind.String]: 'r.text()',
  [FieldKind.Number]: 'r.number()',
  [FieldKind.Boolean]: 'r.boolean()',
}

function decoderSource({ isTuple, names, kinds }: ShapeDescription): string {
  const lines = kinds.map((kind, i) => `const v${i} = ${READ_OF_KIND[kind]}`)
  const fields = kinds.map((_, i) => (isTuple ? `v${i}` : `${propertyName(names[i]!)}: v${i}`))
  lines.push(isTuple ? `return [${fields.join(', ')}]` : `return { ${fields.join(', ')} }`)
  return `return function decodeShape(r) {\n${lines.join('\n')}\n}`
}

function copierSource({ names }: ShapeDescription): string {
  const reads = names.map((name, i) => `const v${i} = v[${JSON.stringify(name)}]`)
  const fields = names.map((name, i) => `${propertyName(name)}: v${i}`)
  const lines = [...reads, ...objectCheck(names), `return { ${fields.join(', ')} }`]
  return `return function copyShape(v) {\n${lines.join('\n')}\n}`
}

function deepCopierSource({ names }: ShapeDescription): string {
  const reads = names.map((name, i) => `const v${i} = v[${JSON.stringify(name)}]`)
  const fields = names.map(
    (name, i) =>
      `${propertyName(name)}: typeof v${i} === 'object' && v${i} !== null ? part(v${i}, ${i}) : v${i}`,
  )
  const lines = [...reads, ...objectCheck(names), `return { ${fields.join(', ')} }`]
  return `return function copyDeep(v, part) {\n${lines.join('\n')}\n}`
}

/** A literal `"__proto__": v` would set the prototype; computed, it is a property like any other. */
function propertyName(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}
