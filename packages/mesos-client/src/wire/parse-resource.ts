import type { MesosAttribute, MesosRange, MesosResource } from '../records/resources.js'
import type { JsonReader } from './json-reader.js'

/** Undefined: of a kind that is not known here. */
export function parseResource(reader: JsonReader): MesosResource | undefined {
  const value = parseValue(reader)
  if (value === undefined || value.text !== undefined) return undefined
  const { scalar, ranges, set } = value
  if (scalar !== undefined && scalar < 0) throw reader.wrong('scalar', 'less than nothing')
  return {
    name: reader.string('name'),
    ...(scalar !== undefined && { scalar }),
    ...(ranges !== undefined && { ranges }),
    ...(set !== undefined && { set }),
    role: roleOf(reader),
    isRevocable: reader.has('revocable'),
    isSpecial: ['disk', 'shared', 'provider_id'].some((name) => reader.has(name)),
    wire: reader.wire,
  }
}

/** Undefined: of a kind that is not known here. */
export function parseAttribute(reader: JsonReader): MesosAttribute | undefined {
  const value = parseValue(reader)
  if (value === undefined) return undefined
  const { scalar, ranges, set } = value
  const text =
    scalar !== undefined
      ? String(scalar)
      : ranges !== undefined
        ? `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(',')}]`
        : set !== undefined
          ? `{${set.join(',')}}`
          : (value.text ?? '')
  return { name: reader.string('name'), text }
}

interface Value {
  readonly scalar?: number
  readonly ranges?: readonly MesosRange[]
  readonly set?: readonly string[]
  readonly text?: string
}

function parseValue(reader: JsonReader): Value | undefined {
  switch (reader.optionalString('type')) {
    case 'SCALAR':
      return { scalar: reader.object('scalar').number('value') }
    case 'RANGES':
      return { ranges: reader.object('ranges').objects('range').map(parseRange) }
    case 'SET':
      return { set: reader.object('set').strings('item') }
    case 'TEXT':
      return { text: reader.object('text').string('value') }
    default:
      return undefined
  }
}

function parseRange(reader: JsonReader): MesosRange {
  const begin = reader.number('begin')
  const end = reader.number('end')
  if (!Number.isSafeInteger(begin) || begin < 0) throw reader.wrong('begin', 'no natural number')
  if (!Number.isSafeInteger(end) || end < begin) throw reader.wrong('end', 'not behind the begin')
  return { begin, end }
}

/** That of the innermost reservation; of masters that tell it in the old way: `role`. */
function roleOf(reader: JsonReader): string {
  const reservation = reader.objects('reservations').at(-1)
  return reservation?.optionalString('role') ?? reader.optionalString('role') ?? '*'
}
