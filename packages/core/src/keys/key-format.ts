/**
 * First byte of every canonical key. The numbers are part of every savepoint and of every key
 * group assignment: they are never changed or given to something else.
 */
export const KeyTag = {
  False: 1,
  True: 2,
  Number: 3,
  BigInt: 4,
  String: 5,
  Date: 6,
  Bytes: 7,
  Tuple: 8,
  Object: 9,
} as const

/** Tuples and objects in each other, at most; deeper is taken for a cycle and refused. */
export const MAX_KEY_DEPTH = 64
