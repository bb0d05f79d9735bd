import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IntCounter, ListAccumulator, snapshotAccumulator } from '@flink-ts/core'
import t from 'tap'
import {
  findProgram,
  parseStandaloneJobArguments,
  prepareApplication,
} from '../dist/daemon/standalone-job.js'
import { accumulatorLines } from '../dist/terminal/accumulator-lines.js'

t.test('parseStandaloneJobArguments: options first, then the words of the program', async (t) => {
  const id = 'AB'.repeat(16)
  t.same(
    parseStandaloneJobArguments([
      '-Da=b',
      '-j',
      'start',
      '--job=x.ts',
      '-jid',
      id,
      '-D',
      'c=d=e',
      '--input',
      '-Dx=y',
    ]),
    {
      program: 'x.ts',
      entryPoint: 'start',
      jobId: id,
      properties: ['a=b', 'c=d=e'],
      savepoint: { path: undefined, claimMode: undefined, allowNonRestoredState: false },
      programArguments: ['--input', '-Dx=y'],
    },
  )
  t.same(parseStandaloneJobArguments(['--', '--job', 'x']).programArguments, ['--job', 'x'])
  t.same(parseStandaloneJobArguments(['--host', 'jm']).properties, ['jobmanager.rpc.address=jm'])
  t.match(parseStandaloneJobArguments(['-s', '/p', '-n', '-rm', 'claim', '--job', 'x', '-n']), {
    program: 'x',
    savepoint: { path: '/p', claimMode: 'claim', allowNonRestoredState: true },
    programArguments: [],
  })
  t.throws(() => parseStandaloneJobArguments(['--job']), { message: /--job has no value. Usage/ })
  t.throws(() => parseStandaloneJobArguments(['-jid', 'x']), { message: /32 hexadecimal digits/ })
})

t.test('findProgram: as given, else in usrlib; the only one there without a name', async (t) => {
  const folder = t.testdir({ own: { 'a.ts': '' }, usrlib: { 'b.ts': '', 'b.d.ts': '' } })
  const places = { workingDirectory: join(folder, 'own'), usrlib: join(folder, 'usrlib') }
  t.equal(findProgram('a.ts', places), join(folder, 'own', 'a.ts'))
  t.equal(findProgram('b.ts', places), join(folder, 'usrlib', 'b.ts'))
  t.equal(findProgram(undefined, places), join(folder, 'usrlib', 'b.ts'))
  t.equal(findProgram('/x/c.ts', places), '/x/c.ts')
  writeFileSync(join(folder, 'usrlib', 'c.mjs'), '')
  t.throws(() => findProgram(undefined, places), { message: /Several programs.*b\.ts, c\.mjs/ })
  mkdirSync(join(folder, 'empty'))
  t.throws(() => findProgram(undefined, { ...places, usrlib: join(folder, 'empty') }), {
    message: /No program found in .*empty/,
  })
})

t.test('prepareApplication: a bundle for the daemon, which goes when it is told to', async (t) => {
  const folder = t.testdir({ 'a.ts': 'export const x: number = 1' })
  const places = { workingDirectory: folder, usrlib: folder }
  const { args, remove } = await prepareApplication(['-Da=b', '--job', 'a.ts', 'word'], places)
  const bundle = args[args.indexOf('--bundle') + 1]!
  t.same(
    args.map((word) => (word === bundle ? 'B' : word)),
    ['-D', 'a=b', '--bundle', 'B', '--program-name', 'a.ts', '--', 'word'],
  )
  const restored = await prepareApplication(
    ['--fromSavepoint', 'sp', '-n', '--claimMode', 'claim', '--job', 'a.ts'],
    places,
  )
  const begun = restored.args.slice(0, restored.args.indexOf('--bundle'))
  restored.remove()
  t.same(begun.filter((word) => word !== '-D').sort(), [
    'execution.state-recovery.claim-mode=CLAIM',
    'execution.state-recovery.ignore-unclaimed-state=true',
    `execution.state-recovery.path=${join(folder, 'sp')}`,
  ])
  t.match(readFileSync(bundle, 'utf8'), /sourceMappingURL/)
  remove()
  t.notOk(existsSync(bundle))
})

t.test('accumulatorLines: Flink’s lines, and why there is no value', async (t) => {
  const counter = new IntCounter()
  counter.add(3)
  const list = new ListAccumulator<unknown>()
  list.add(1)
  const broken = new ListAccumulator<unknown>()
  broken.add(() => 1)
  t.same(accumulatorLines([]), [])
  const lines = accumulatorLines([
    snapshotAccumulator('n', counter),
    snapshotAccumulator('l', list),
    snapshotAccumulator('b', broken),
  ])
  t.same(lines.slice(0, 3), [
    'Accumulator Results: ',
    '- n (number): 3',
    '- l (Array) [1 elements]',
  ])
  t.match(lines[3], /^- b \(ListAccumulator\): Accumulator 'b' has no result: .*function/)
})
