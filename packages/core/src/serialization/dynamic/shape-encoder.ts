import { FieldState } from './field-state.js'
import { FieldKind, MAX_SCHEMA_CHARS, MAX_SHAPE_FIELDS, MAX_SHAPES, Tag } from './format.js'
import { type EncodeShape, generateEncoder } from './generate-shape-code.js'
import type { ValueWriter } from './value-writer.js'

/** A structure whose fields change their types more often may have anything in every field. */
const MAX_GENERATIONS = 4

/** One shape as the encoder of one channel knows it. */
export class ShapeEncoder {
  readonly isTuple: boolean
  readonly names: readonly string[]
  readonly kinds: readonly FieldKind[]
  readonly fields: readonly FieldState[]
  /** How often fields of this structure were found to have another type than before. */
  readonly generation: number
  /** Generated for this shape; answers the end, -1 for another structure, -2 if a field has another type. */
  readonly encode: EncodeShape
  /** Its number on the wire; -1 until it was written. */
  id = -1

  constructor(shape: {
    isTuple: boolean
    names: readonly string[]
    kinds: readonly FieldKind[]
    generation?: number
  }) {
    this.generation = shape.generation ?? 0
    this.isTuple = shape.isTuple
    this.names = shape.names
    this.kinds = shape.kinds
    this.fields = shape.kinds.map(() => new FieldState())
    this.encode = generateEncoder(shape)
  }
}

/** The shapes of one channel on the encoder's side. */
export class ShapeTable {
  readonly #byStructure = new Map<string, ShapeEncoder>()
  readonly #tuples: (ShapeEncoder | undefined)[] = []
  readonly #recent: ShapeEncoder[] = []
  #written: ShapeEncoder[] = []
  #writtenBefore = 0

  begin(): void {
    this.#writtenBefore = this.#written.length
  }

  /** Takes back the numbers given since {@link begin}. */
  rollback(): void {
    for (const shape of this.#written.splice(this.#writtenBefore)) shape.id = -1
  }

  /** Takes back all numbers; what was learnt stays. */
  clear(): void {
    for (const shape of this.#written) shape.id = -1
    this.#written = []
    this.#writtenBefore = 0
  }

  /** Writes `value` as a record of a shape; -1 if it has none and the table takes no more. */
  write(value: object, p: number, writer: ValueWriter, field: FieldState): number {
    for (const shape of this.#recent) {
      const end = this.#tryShape(shape, value, p, writer, field)
      if (end >= 0) return end
    }
    const shape = this.#lookUp(value)
    if (shape === undefined || (shape.id < 0 && !this.hasRoom)) return -1
    const end = this.#tryShape(shape, value, p, writer, field)
    if (end >= 0) this.#remember(field.shape!)
    return end
  }

  #tryShape(
    shape: ShapeEncoder,
    value: object,
    p: number,
    writer: ValueWriter,
    field: FieldState,
  ): number {
    let current = shape
    let end = current.encode(writer, value, p, current)
    while (end < -1) {
      // A field has another type than it had so far: from now on it may have any.
      current = this.#generalize(current, value)
      end = current.encode(writer, value, p, current)
    }
    if (end >= 0) field.shape = current
    return end
  }

  #generalize(shape: ShapeEncoder, value: object): ShapeEncoder {
    const known = this.#find(shape)
    // A field's state may still hold a shape that was replaced meanwhile.
    if (known !== undefined && known.generation > shape.generation) return known
    const giveUp = shape.generation === MAX_GENERATIONS
    const record = value as Record<string, unknown>
    const kinds = shape.kinds.map((kind, i) =>
      !giveUp && kind === kindOfField(record[shape.names[i]!]) ? kind : FieldKind.Any,
    )
    const wider = new ShapeEncoder({ ...shape, kinds, generation: shape.generation + 1 })
    this.#store(wider)
    const at = this.#recent.indexOf(shape)
    if (at >= 0) this.#recent[at] = wider
    return wider
  }

  #find(shape: ShapeEncoder): ShapeEncoder | undefined {
    if (shape.isTuple) return this.#tuples[shape.names.length]
    return this.#byStructure.get(structureOf(shape.names))
  }

  #store(shape: ShapeEncoder): void {
    if (shape.isTuple) this.#tuples[shape.names.length] = shape
    else this.#byStructure.set(structureOf(shape.names), shape)
  }

  #lookUp(value: object): ShapeEncoder | undefined {
    const isTuple = Array.isArray(value)
    const names = isTuple ? Array.from(value, (_, i) => String(i)) : Object.keys(value)
    const known = isTuple ? this.#tuples[names.length] : this.#byStructure.get(structureOf(names))
    if (known !== undefined) return known
    if (names.length > MAX_SHAPE_FIELDS || this.#byStructure.size >= MAX_SHAPES) return undefined
    if (!isTuple && names.reduce((sum, name) => sum + name.length, 0) > MAX_SCHEMA_CHARS) {
      return undefined
    }
    const record = value as Record<string, unknown>
    const kinds = names.map((name) => kindOfField(record[name]))
    const shape = new ShapeEncoder({ isTuple, names, kinds })
    this.#store(shape)
    return shape
  }

  #remember(shape: ShapeEncoder): void {
    if (this.#recent.includes(shape)) return
    this.#recent.unshift(shape)
    if (this.#recent.length > 4) this.#recent.pop()
  }

  /** Whether one more shape may be given a number. */
  get hasRoom(): boolean {
    return this.#written.length < MAX_SHAPES
  }

  /** Writes the schema of a shape that the decoder does not know yet, and gives it a number. */
  writeSchema(shape: ShapeEncoder, p: number, writer: ValueWriter): number {
    let at = writer.tag(Tag.NewShape, p)
    at = writer.varint(this.#written.length, at)
    at = writer.tag(shape.isTuple ? 1 : 0, at)
    at = writer.varint(shape.names.length, at)
    for (let i = 0; i < shape.names.length; i++) {
      at = writer.tag(shape.kinds[i]!, at)
      if (!shape.isTuple) at = writer.plainText(shape.names[i]!, at)
    }
    writer.isTouched = true
    shape.id = this.#written.length
    this.#written.push(shape)
    return at
  }
}

function kindOfField(value: unknown): FieldKind {
  switch (typeof value) {
    case 'string':
      return FieldKind.String
    case 'number':
      return FieldKind.Number
    case 'boolean':
      return FieldKind.Boolean
    default:
      return FieldKind.Any
  }
}

function structureOf(names: readonly string[]): string {
  return JSON.stringify(names)
}
