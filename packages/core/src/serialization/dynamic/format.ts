/**
 * The encoding of {@link DynamicSerializer}, version 1. All numbers are little-endian; a *varint* is
 * unsigned LEB128 of at most 32 bits. A record is one *value*:
 *
 * | first byte | value | what follows |
 * | --- | --- | --- |
 * | 01 02 03 04 | undefined, null, false, true | |
 * | 05 | number | *number* |
 * | 06 | string | *text* |
 * | 07, 08 | bigint ≥ 0, bigint < 0 | varint n, n bytes magnitude |
 * | 09 | Date | 8 bytes double, milliseconds |
 * | 0a | plain object | varint n, n × (*text*, value) |
 * | 0b | array | varint n, n × value |
 * | 0c | array with holes | varint length, varint n, n × (varint index, value) |
 * | 0d, 0e | Map, Set | varint n, n × (value, value) or n × value |
 * | 0f | typed array, DataView, Buffer | 1 byte kind, varint n, n bytes |
 * | 10 | ArrayBuffer | varint n, n bytes |
 * | 11 | RegExp | *text* source, *text* flags |
 * | 12 | Error | 1 byte class, value message, value stack, 1 byte has cause, [value cause] |
 * | 13 | boxed primitive | value |
 * | 14 | instance of a registered class | *text* name, value |
 * | 15 | record of a new shape | *schema*, then as 80–fe |
 * | 16 | value with cycles or shared parts | value; in it, objects are numbered in the order of their first byte and shapes are not used |
 * | 17 | part that was written before (only in 16) | varint number |
 * | 18 | tables are forgotten here (only as the first byte of a record) | value |
 * | 40–7f | number 0–63 | |
 * | 80–fe | record of shape 0–126 | one *field* per name |
 * | ff | record of shape | varint shape, then as 80–fe |
 *
 * *number*: 00–f7 zigzag integer; f8, f9 zigzag integer in 2, 4 bytes; fa double in 8 bytes.
 *
 * *text*: 00–7f dictionary id; 80–bf dictionary id 128 + 6 bits high, 8 bits low; c0–df Latin-1 of
 * 0–31 bytes; e0 varint n, n bytes Latin-1; e1 varint n, n UTF-16 units; e2 varint n, n bytes UTF-8;
 * e3 u16 id and a *text* c0–e2 that has this id from now on.
 *
 * *schema*: varint shape number, 1 byte (0 object, 1 array of fixed length), varint n, n × (1 byte kind,
 * and for objects the name as *text* c0–e2).
 *
 * *field*, by its kind: 0 value; 1 *text*; 2 *number*; 3 one byte, 0 or 1.
 */
export const Tag = {
  Undefined: 0x01,
  Null: 0x02,
  False: 0x03,
  True: 0x04,
  Number: 0x05,
  String: 0x06,
  BigInt: 0x07,
  NegativeBigInt: 0x08,
  Date: 0x09,
  Object: 0x0a,
  Array: 0x0b,
  SparseArray: 0x0c,
  Map: 0x0d,
  Set: 0x0e,
  View: 0x0f,
  ArrayBuffer: 0x10,
  RegExp: 0x11,
  Error: 0x12,
  Boxed: 0x13,
  Custom: 0x14,
  NewShape: 0x15,
  Graph: 0x16,
  Reference: 0x17,
  Reset: 0x18,
  SmallInt: 0x40,
  Shape: 0x80,
  FarShape: 0xff,
} as const

/** First bytes of a *number*. */
export const NumberTag = { Int16: 0xf8, Int32: 0xf9, Double: 0xfa } as const

/** First bytes of a *text*. */
export const TextTag = {
  FarId: 0x80,
  ShortLatin1: 0xc0,
  Latin1: 0xe0,
  Utf16: 0xe1,
  Utf8: 0xe2,
  Define: 0xe3,
} as const

/** How a field of a shape is written. */
export const FieldKind = { Any: 0, String: 1, Number: 2, Boolean: 3 } as const
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind]

/** Objects in each other, at most. */
export const MAX_DEPTH = 500
/** Fields of a shape, at most; larger objects are written name by name. */
export const MAX_SHAPE_FIELDS = 256
/** Characters of all field names of a shape, at most. */
export const MAX_SCHEMA_CHARS = 8192
/** Shapes of a channel, at most; further ones are written name by name. */
export const MAX_SHAPES = 256
/** Arrays up to this length are written as shapes. */
export const MAX_TUPLE_LENGTH = 16
/** Strings in the dictionary of a channel, at most. */
export const MAX_DICTIONARY_ENTRIES = 16384
/** UTF-16 units of a string in the dictionary, at most. */
export const MAX_DICTIONARY_STRING_LENGTH = 64

/** Typed arrays by the number that stands for them on the wire; 11 is DataView, 12 Buffer. */
export const VIEW_CLASSES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const
export const DATA_VIEW_KIND = 11
export const BUFFER_KIND = 12

/** Error classes by the number that stands for them on the wire. */
export const ERROR_CLASSES = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
] as const
