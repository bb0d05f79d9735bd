import { encodeKeyAsText } from './encode-key.js'
import { hashKey } from './hash-key.js'

const CHILD_BITS = 5
const CHILDREN = 1 << CHILD_BITS
/** Bits of the hash that are used up after this many levels. */
const MAX_LEVEL = 6
const DEFAULT_MAX_MAP_SIZE = 1 << 17

/**
 * A map whose keys are compared by value ({@link encodeKey}): two equal Dates, tuples or objects
 * are one key. Primitive keys are looked up directly; others through their canonical bytes.
 *
 * No JavaScript Map in it grows beyond `maxMapSize` (default 131072) entries: a larger one is split by
 * the keys' hashes into 32. A Map ends at 2^24 entries, and the rehash of a big one needs so much
 * memory at once that a worker's heap limit cannot catch it.
 *
 * Keys are kept by reference: a tuple or object must not be changed while it is a key.
 * Iteration order is not defined. During {@link entries} and {@link values}, however long they take, keys may be added and removed: what
 * is there from their beginning to their end comes once; the others may come or not. During {@link forEach} they may not.
 */
export class KeyMap<V> {
  #size = 0
  readonly #root: Node<V>
  readonly #maxMapSize: number

  constructor(options: { maxMapSize?: number } = {}) {
    this.#maxMapSize = options.maxMapSize ?? DEFAULT_MAX_MAP_SIZE
    this.#root = new Node(0)
  }

  get size(): number {
    return this.#size
  }

  /** @throws KeyNotSupportedError if `key` cannot be a key */
  get(key: unknown): V | undefined {
    const node = this.#root.children === undefined ? this.#root : this.#leafFor(key)
    if (isPrimitive(key)) return node.primitives.get(key)
    // Encoded in any case, so that what cannot be a key is refused in an empty map too.
    const text = encodeKeyAsText(key)
    return node.others?.get(text)?.value
  }

  has(key: unknown): boolean {
    const node = this.#leafFor(key)
    if (isPrimitive(key)) return node.primitives.has(key)
    const text = encodeKeyAsText(key)
    return node.others?.has(text) ?? false
  }

  set(key: unknown, value: V): void {
    const node = this.#leafFor(key)
    if (!setInLeaf(node, key, value)) return
    this.#size++
    const held = node.primitives.size + (node.others?.size ?? 0)
    if (held > this.#maxMapSize && node.level < MAX_LEVEL) split(node)
  }

  /** Sets many at once, which is several times faster than one by one: what lies together is set together. */
  setAll(values: readonly V[], keyOf: (value: V) => unknown): void {
    this.#setAll(this.#root, values, keyOf)
  }

  /** @returns whether the key was there */
  delete(key: unknown): boolean {
    const node = this.#leafFor(key)
    let deleted: boolean
    if (isPrimitive(key)) {
      deleted = node.primitives.delete(key)
    } else {
      const text = encodeKeyAsText(key)
      deleted = node.others?.delete(text) ?? false
    }
    if (deleted) this.#size--
    return deleted
  }

  /** Calls `visit` for every entry, with the key as it was first set. */
  forEach(visit: (value: V, key: unknown) => void): void {
    visitNode(this.#root, visit)
  }

  *entries(): IterableIterator<[key: unknown, value: V]> {
    const open: Node<V>[] = [this.#root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      // Held on to: a node that is split meanwhile gets new maps, and these stay as they were.
      const { children, primitives, others } = node
      if (children !== undefined) open.push(...children)
      yield* primitives
      if (others === undefined) continue
      for (const { key, value } of others.values()) yield [key, value]
    }
  }

  values(): IterableIterator<V> {
    return new ValueIterator(this.#root)
  }

  #setAll(node: Node<V>, values: readonly V[], keyOf: (value: V) => unknown): void {
    const held = node.primitives.size + (node.others?.size ?? 0)
    const isTooMuch = held + values.length > this.#maxMapSize && node.level < MAX_LEVEL
    if (node.children === undefined && isTooMuch) split(node)
    if (node.children === undefined) {
      for (const value of values) if (setInLeaf(node, keyOf(value), value)) this.#size++
      return
    }
    const parts: V[][] = node.children.map(() => [])
    for (const value of values) parts[childIndex(hashKey(keyOf(value)), node.level)]!.push(value)
    for (const [i, part] of parts.entries()) this.#setAll(node.children[i]!, part, keyOf)
  }

  #leafFor(key: unknown): Node<V> {
    let node = this.#root
    if (node.children === undefined) return node
    const hash = hashKey(key)
    while (node.children !== undefined) node = node.children[childIndex(hash, node.level)]!
    return node
  }
}

type Primitive = string | number | bigint | boolean

class Node<V> {
  readonly level: number
  primitives = new Map<Primitive, V>()
  others: Map<string, { key: unknown; value: V }> | undefined = undefined
  children: Node<V>[] | undefined = undefined

  constructor(level: number) {
    this.level = level
  }
}

/** By hand: a generator that hands on the steps of another iterator takes several times as long for each. */
class ValueIterator<V> implements IterableIterator<V> {
  readonly #open: Node<V>[]
  #primitives: Iterator<V> | undefined = undefined
  #others: Iterator<{ readonly value: V }> | undefined = undefined

  constructor(root: Node<V>) {
    this.#open = [root]
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<V, undefined> {
    for (;;) {
      const primitive = this.#primitives?.next()
      if (primitive !== undefined && primitive.done !== true) return primitive
      const other = this.#others?.next()
      if (other !== undefined && other.done !== true) {
        return { done: false, value: other.value.value }
      }
      const node = this.#open.pop()
      if (node === undefined) return { done: true, value: undefined }
      // Held on to, as in `entries`.
      this.#primitives = node.primitives.values()
      this.#others = node.others?.values()
      if (node.children !== undefined) this.#open.push(...node.children)
    }
  }
}

/** @returns whether the key is new */
function setInLeaf<V>(node: Node<V>, key: unknown, value: V): boolean {
  if (isPrimitive(key)) {
    const before = node.primitives.size
    node.primitives.set(key, value)
    return node.primitives.size !== before
  }
  node.others ??= new Map()
  const text = encodeKeyAsText(key)
  const found = node.others.get(text)
  if (found !== undefined) {
    found.value = value
    return false
  }
  node.others.set(text, { key, value })
  return true
}

function isPrimitive(key: unknown): key is Primitive {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return true
    default:
      return false
  }
}

function childIndex(hash: number, level: number): number {
  return (hash >>> (level * CHILD_BITS)) & (CHILDREN - 1)
}

function split<V>(node: Node<V>): void {
  const children = Array.from({ length: CHILDREN }, () => new Node<V>(node.level + 1))
  for (const [key, value] of node.primitives) {
    children[childIndex(hashKey(key), node.level)]!.primitives.set(key, value)
  }
  for (const [text, entry] of node.others ?? []) {
    const child = children[childIndex(hashKey(entry.key), node.level)]!
    child.others ??= new Map()
    child.others.set(text, entry)
  }
  node.primitives = new Map()
  node.others = undefined
  node.children = children
}

function visitNode<V>(node: Node<V>, visit: (value: V, key: unknown) => void): void {
  node.primitives.forEach(visit)
  node.others?.forEach((entry) => {
    visit(entry.value, entry.key)
  })
  for (const child of node.children ?? []) visitNode(child, visit)
}
