import { readFileSync } from 'node:fs'
import {
  computeDefaultMaxParallelism,
  decodeKey,
  encodeKey,
  hashKey,
  KeyMap,
  KeyNotSupportedError,
  keyGroupFor,
  keyGroupRangeForOperator,
  MalformedDataError,
  operatorIndexForKeyGroup,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'
import { murmur3 } from '../../dist/keys/hash-key.js'
import { keyArbitrary, sameKey } from './key-arbitrary.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

t.test('canonical keys', (t) => {
  t.test('encodeKey, hashKey and keyGroupFor give the pinned vectors', (t) => {
    const file = new URL('../../test/keys/fixtures/key-vectors.json', import.meta.url)
    const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
      key: string
      bytes: string
      hash: number
      keyGroup128: number
      keyGroup32768: number
    }[]
    t.ok(vectors.length >= 40)
    for (const vector of vectors) {
      // The keys stand as JavaScript expressions because JSON has no NaN, bigint, Date or bytes.
      const key: unknown = new Function(`return (${vector.key})`)()
      t.equal(hex(encodeKey(key)), vector.bytes, `bytes of ${vector.key}`)
      t.equal(hashKey(key), vector.hash, `hash of ${vector.key}`)
      t.equal(keyGroupFor(vector.hash, 128), vector.keyGroup128, `key group of ${vector.key}`)
      t.equal(keyGroupFor(vector.hash, 32768), vector.keyGroup32768)
    }
    t.end()
  })

  t.test('encodeKey is injective and decodeKey its inverse', (t) => {
    fc.assert(
      fc.property(keyArbitrary, keyArbitrary, (a, b) => {
        t.equal(hex(encodeKey(a)) === hex(encodeKey(b)), sameKey(a, b))
        if (!sameKey(a, decodeKey(encodeKey(a))))
          t.fail(`decoded differently: ${hex(encodeKey(a))}`)
      }),
      { numRuns: 500 },
    )
    t.end()
  })

  t.test('hashKey of every key is murmur3 of the body of its bytes', (t) => {
    fc.assert(
      fc.property(keyArbitrary, (key) => {
        const bytes = encodeKey(key)
        let start = 1
        // Strings and bytes: without the varint length in front.
        if (bytes[0] === 5 || bytes[0] === 7) while (bytes[start++]! > 0x7f);
        t.equal(hashKey(key), murmur3(bytes, start, bytes.length, bytes[0]!))
      }),
      { numRuns: 500 },
    )
    t.end()
  })

  t.test('murmur3 is MurmurHash3 x86 32', (t) => {
    const of = (text: string, seed: number) =>
      murmur3(Buffer.from(text), 0, Buffer.byteLength(text), seed) >>> 0
    t.equal(of('', 0), 0)
    t.equal(of('', 1), 0x514e28b7)
    t.equal(of('test', 0), 0xba6bd213)
    t.equal(of('Hello, world!', 0), 0xc0363e43)
    t.equal(of('The quick brown fox jumps over the lazy dog', 0x9747b28c), 0x2fa826cd)
    t.end()
  })

  t.test('equal keys are equal whatever their order of fields and their kind of zero', (t) => {
    const equal = (a: unknown, b: unknown) => {
      t.equal(hex(encodeKey(a)), hex(encodeKey(b)))
      t.equal(hashKey(a), hashKey(b))
    }
    equal({ a: 1, b: 2 }, { b: 2, a: 1 })
    equal({ a: 1 }, Object.assign(Object.create(null), { a: 1 }))
    equal(-0, 0)
    equal([-0], [0])
    equal(new Date(-0), new Date(0))
    equal(Buffer.from([1, 2]), new Uint8Array([1, 2]))
    equal(new DataView(new ArrayBuffer(8)).getFloat64(0), 0)
    equal(Number.NaN, new Float64Array(new Uint32Array([1, 0xfff80000]).buffer)[0])
    t.end()
  })

  t.test('encodeKey and hashKey refuse what has no canonical form and name the path', (t) => {
    class Order {}
    const cases: [unknown, string, RegExp][] = [
      [undefined, 'key', /key: undefined/],
      [null, 'key', /key: null/],
      [Symbol('s'), 'key', /key: a symbol/],
      [{ a: [1, 2, () => 1] }, 'key.a[2]', /key\.a\[2\]: a function/],
      [{ a: { 'b c': new Map() } }, 'key.a["b c"]', /a Map/],
      [[new Order()], 'key[0]', /an instance of Order/],
      [Object.assign(new Array(3), { 0: 1 }), 'key[1]', /undefined/],
      [new Float64Array(1), 'key', /Float64Array/],
      [new Uint8ClampedArray(1), 'key', /Uint8ClampedArray/],
      [Object(1), 'key', /Number/],
    ]
    for (const [key, path, message] of cases) {
      for (const use of [encodeKey, hashKey, (k: unknown) => new KeyMap().get(k)]) {
        t.throws(() => use(key), { name: 'KeyNotSupportedError', path, message })
      }
    }
    const cycle: unknown[] = []
    cycle.push(cycle)
    t.throws(() => hashKey(cycle), { code: 'FLINK_KEY_NOT_SUPPORTED', message: /cycle/ })
    t.ok(new KeyNotSupportedError('key', 'x') instanceof Error)
    t.end()
  })

  t.test('decodeKey throws MalformedDataError on damaged bytes and nothing else', (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), keyArbitrary, fc.nat(), (noise, key, flip) => {
        const damaged = encodeKey(key)
        damaged[flip % damaged.length]! ^= 1 << (flip % 8)
        for (const bytes of [noise, damaged, encodeKey(key).subarray(0, -1)]) {
          try {
            decodeKey(bytes)
          } catch (error) {
            if (!(error instanceof MalformedDataError)) throw error
          }
        }
      }),
      { numRuns: 500 },
    )
    t.throws(() => decodeKey(Uint8Array.of(8, 0xff, 0xff, 0xff, 0xff, 7)), MalformedDataError)
    t.throws(() => decodeKey(new Uint8Array(5000).fill(8)), MalformedDataError)
    t.end()
  })
  t.end()
})

t.test('key groups', (t) => {
  t.test('keyGroupRangeForOperator and operatorIndexForKeyGroup agree on every owner', (t) => {
    for (const max of [1, 2, 7, 128, 1000, 32768]) {
      for (const parallelism of [1, 2, 3, 4, 5, 7, 100, 128, 1000]) {
        if (parallelism > max) continue
        let next = 0
        for (let i = 0; i < parallelism; i++) {
          const { start, end } = keyGroupRangeForOperator(max, parallelism, i)
          t.equal(start, next)
          t.equal(operatorIndexForKeyGroup(max, parallelism, start), i)
          t.equal(operatorIndexForKeyGroup(max, parallelism, end), i)
          next = end + 1
        }
        t.equal(next, max)
      }
    }
    t.throws(() => keyGroupRangeForOperator(4, 8, 0), /max parallelism 4/)
    t.throws(() => keyGroupRangeForOperator(4, 2, 2), /below the parallelism/)
    t.end()
  })

  t.test('computeDefaultMaxParallelism is a power of two from 128 to 32768', (t) => {
    t.equal(computeDefaultMaxParallelism(1), 128)
    t.equal(computeDefaultMaxParallelism(85), 128)
    t.equal(computeDefaultMaxParallelism(86), 256)
    t.equal(computeDefaultMaxParallelism(171), 256)
    t.equal(computeDefaultMaxParallelism(172), 512)
    t.equal(computeDefaultMaxParallelism(30000), 32768)
    t.end()
  })

  t.test('keyGroupFor is Flink’s formula, also where the hash is at its limits', (t) => {
    for (const code of [0, 1, -1, 97, 0x7fffffff, -0x80000000, 123456789]) {
      t.equal(keyGroupFor(code, 128), Number(referenceMurmur(BigInt(code)) % 128n))
    }
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 32768 }), (code, max) => {
        t.equal(keyGroupFor(code, max), Number(referenceMurmur(BigInt(code)) % BigInt(max)))
      }),
    )
    t.end()
  })

  t.test('keyGroupFor spreads words, small numbers and tuples evenly', (t) => {
    const kinds: [string, (i: number) => unknown][] = [
      ['word', (i) => `word-${i}`],
      ['number', (i) => i],
      ['tuple', (i) => ['user', i]],
      ['date', (i) => new Date(i * 86_400_000)],
    ]
    for (const [kind, make] of kinds) {
      const counts = new Array<number>(128).fill(0)
      for (let i = 0; i < 128 * 100; i++) counts[keyGroupFor(hashKey(make(i)), 128)]!++
      const chiSquared = counts.reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0)
      // 127 degrees of freedom: beyond 200 once in 30 000 draws.
      t.ok(chiSquared < 200, `${kind}: chi squared ${chiSquared}`)
    }
    t.end()
  })
  t.end()
})

t.test('KeyMap', (t) => {
  t.test('holds what a list of entries compared by value holds, also when split', (t) => {
    const command = fc.record({
      kind: fc.constantFrom('set', 'get', 'delete'),
      key: keyArbitrary,
      value: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const map = new KeyMap<number>({ maxMapSize: 4 })
        let model: { key: unknown; value: number }[] = []
        for (const { kind, key, value } of commands) {
          const found = model.find((entry) => sameKey(entry.key, key))
          if (kind === 'get') t.equal(map.get(key), found?.value)
          else if (kind === 'delete') {
            t.equal(map.delete(key), found !== undefined)
            model = model.filter((entry) => entry !== found)
          } else {
            map.set(key, value)
            if (found === undefined) model.push({ key, value })
            else found.value = value
          }
          t.equal(map.size, model.length)
          t.equal(
            map.has(key),
            model.some((entry) => sameKey(entry.key, key)),
          )
        }
        let visited = 0
        map.forEach((value, key) => {
          visited++
          t.equal(model.find((entry) => sameKey(entry.key, key))?.value, value)
        })
        t.equal(visited, model.length)
        t.equal([...map.entries()].length, model.length)
      }),
      { numRuns: 100 },
    )
    t.end()
  })

  t.test('takes many at once as it takes them one by one', (t) => {
    const entries = fc.array(fc.record({ key: keyArbitrary, value: fc.nat() }), { maxLength: 40 })
    fc.assert(
      fc.property(entries, entries, (before, many) => {
        const [atOnce, oneByOne] = [0, 1].map(() => {
          const map = new KeyMap<{ key: unknown; value: number }>({ maxMapSize: 4 })
          for (const entry of before) map.set(entry.key, entry)
          return map
        })
        atOnce!.setAll(many, ({ key }) => key)
        for (const entry of many) oneByOne!.set(entry.key, entry)
        t.equal(atOnce!.size, oneByOne!.size)
        for (const { key } of [...before, ...many]) t.equal(atOnce!.get(key), oneByOne!.get(key))
      }),
      { numRuns: 100 },
    )
    t.end()
  })

  t.test('iterates over all that stays while keys are added and removed', (t) => {
    const use = fc.record({
      steps: fc.nat(5),
      add: fc.array(keyArbitrary, { maxLength: 8 }),
      remove: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(keyArbitrary, { maxLength: 30 }),
        fc.array(use, { maxLength: 20 }),
        fc.boolean(),
        (initial, uses, isByValue) => {
          const map = new KeyMap<unknown>({ maxMapSize: 4 })
          for (const key of initial) map.set(key, key)
          const stay = new Set([...map.values()])
          const seen: unknown[] = []
          const iterator = isByValue ? map.values() : map.entries()
          const next = () => {
            const step = iterator.next()
            if (step.done === true) return false
            seen.push(isByValue ? step.value : (step.value as [unknown, unknown])[1])
            return true
          }
          for (const { steps, add, remove } of uses) {
            for (let i = 0; i < steps; i++) next()
            for (const key of add) if (!map.has(key)) map.set(key, key)
            const victim = [...stay].at(-1)
            if (remove && victim !== undefined) {
              map.delete(victim)
              stay.delete(victim)
            }
          }
          while (next());
          t.ok([...stay].every((key) => seen.filter((k) => [k].includes(key)).length === 1))
        },
      ),
      { numRuns: 300 },
    )
    t.end()
  })

  t.test('finds every key after splits on several levels', (t) => {
    const map = new KeyMap<number>({ maxMapSize: 64 })
    for (let i = 0; i < 100_000; i++) map.set(i % 2 === 0 ? `k${i}` : i, i)
    t.equal(map.size, 100_000)
    for (let i = 0; i < 100_000; i++) {
      if (map.get(i % 2 === 0 ? `k${i}` : i) !== i) t.fail(`lost ${i}`)
    }
    t.end()
  })
  t.end()
})

/** The formula once more with unbounded integers, reduced to 32 bits after each step. */
function referenceMurmur(code: bigint): bigint {
  const u32 = (n: bigint) => BigInt.asUintN(32, n)
  const rotl = (n: bigint, by: bigint) => u32((n << by) | (n >> (32n - by)))
  let h = u32(u32(code) * 0xcc9e2d51n)
  h = u32(rotl(h, 15n) * 0x1b873593n)
  h = u32(rotl(h, 13n) * 5n + 0xe6546b64n) ^ 4n
  h = u32((h ^ (h >> 16n)) * 0x85ebca6bn)
  h = u32((h ^ (h >> 13n)) * 0xc2b2ae35n)
  const signed = BigInt.asIntN(32, h ^ (h >> 16n))
  if (signed >= 0n) return signed
  return signed === -0x80000000n ? 0n : -signed
}
