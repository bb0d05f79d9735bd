import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noopLogger, SeededRandom } from '@flink-ts/core'
import { KnownDigests } from '@flink-ts/installation'
import t, { type Test } from 'tap'

/** Files that were written long ago, and how often their digest was reckoned. */
function place(t: Test) {
  const root = t.testdir({ home: { lib: { a: 'one', b: { c: 'two' } } } })
  const home = join(root, 'home')
  const cache = join(root, 'cache')
  const state = { computed: 0, value: 'first' }
  const ask = (clock = LATER) =>
    // A process of its own.
    new KnownDigests({ folder: cache, clock, random, log: noopLogger }).of(
      'installation',
      [home],
      async () => {
        state.computed++
        return { hash: state.value, parts: ['lib'] }
      },
    )
  return { home, cache, state, ask }
}

const random = new SeededRandom(1)
/** The files are old enough for their times to tell that they are the same. */
const LATER = { now: () => Date.now() + 3_600_000 }

t.test('KnownDigests: reckons once, and again when anything has changed', async (t) => {
  const { home, cache, state, ask } = place(t)
  const now = { now: Date.now }
  t.same(await ask(now), { hash: 'first', parts: ['lib'] })
  await ask(now)
  t.equal(state.computed, 2, 'files that were written just now may change without a trace')
  await ask()
  t.same(await ask(), { hash: 'first', parts: ['lib'] })
  t.equal(state.computed, 3)

  const changes: [string, () => void][] = [
    [
      'the same size and time',
      () => {
        const path = join(home, 'lib', 'a')
        writeFileSync(path, 'eno')
        utimesSync(path, 1, 1)
      },
    ],
    ['a file that is deep within', () => writeFileSync(join(home, 'lib', 'b', 'c'), 'three')],
    ['a file more', () => writeFileSync(join(home, 'lib', 'd'), '')],
    ['a file less', () => rmSync(join(home, 'lib', 'd'))],
  ]
  for (const [what, change] of changes) {
    change()
    state.value = what
    t.match(await ask(), { hash: what }, what)
  }

  await ask()
  const { computed } = state
  for (const spoilt of ['', '[', '5', 'null', '{}']) {
    writeFileSync(join(cache, 'digests-1.json'), spoilt)
    t.match(await ask(), { parts: ['lib'] }, `a cache that says ${spoilt}`)
  }
  t.equal(state.computed, computed + 5)
  await ask()
  t.equal(state.computed, computed + 5, 'and is whole again')
})

t.test('KnownDigests: a folder that nobody can write costs nothing but time', async (t) => {
  const { cache, state, ask } = place(t)
  writeFileSync(cache, 'a file is in the way')
  t.match(await ask(), { hash: 'first' })
  t.match(await ask(), { hash: 'first' })
  t.equal(state.computed, 2)
})

t.test('KnownDigests: keeps no more than 32, the latest', async (t) => {
  const { home, cache } = place(t)
  mkdirSync(join(home, 'x'))
  const digests = new KnownDigests({ folder: cache, clock: LATER, random, log: noopLogger })
  for (let i = 0; i < 40; i++) await digests.of(`thing ${i}`, [home], async () => i)
  const kept = Object.keys(JSON.parse(readFileSync(join(cache, 'digests-1.json'), 'utf8')))
  t.equal(kept.length, 32)
  t.equal(await digests.of('thing 39', [home], async () => -1), 39)
  t.equal(await digests.of('thing 0', [home], async () => -1), -1)
})
