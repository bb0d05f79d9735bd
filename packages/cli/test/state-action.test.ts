import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Configuration,
  FileSystemRegistry,
  LocalFileSystem,
  operatorIdOfUid,
  SeededRandom,
  SystemClock,
  Types,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { type OperatorDefinition, SavepointWriter } from '@flink-ts/state-tools'
import t, { type Test } from 'tap'
import { stateAction } from '../dist/actions/state/state-action.js'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { TestingTerminal } from './support/testing-terminal.js'

const COUNTS: OperatorDefinition = {
  uid: 'counts',
  name: 'count words',
  parallelism: 2,
  keyed: {
    keyType: 'dynamic',
    states: [
      { name: 'count', kind: 'value', type: Types.int },
      { name: 'seen', kind: 'map', type: Types.date, mapKeyType: Types.string },
    ],
    records: [
      { state: 'count', key: 'hello', value: 3 },
      { state: 'count', key: 42, value: 7 },
      { state: 'count', key: { user: 'ann', n: 1 }, value: 8 },
      { state: 'seen', key: 'hello', value: new Map([['in', new Date(0)]]) },
    ],
  },
}

const SOURCE: OperatorDefinition = {
  uid: 'source',
  operatorStates: {
    states: [{ name: 'splits', kind: 'splitList', type: 'dynamic' }],
    records: [{ state: 'splits', value: { file: 'a.txt', offset: 12n } }],
  },
}

async function savepoint(t: Test, ...operators: OperatorDefinition[]): Promise<string> {
  const random = new SeededRandom(5)
  const fileSystems = new FileSystemRegistry([new LocalFileSystem(random)])
  const clock = new ManualClock(Date.UTC(2026, 10, 21))
  const writer = SavepointWriter.create({ fileSystems, random, clock })
  for (const operator of operators) writer.withOperator(operator)
  const folder = t.testdir()
  await writer.write(join(folder, 'sp'))
  return folder
}

async function state(folder: string, ...words: string[]) {
  const terminal = new TestingTerminal()
  const code = await stateAction.run(parseArguments(words, stateAction.options), {
    terminal,
    clock: new SystemClock(),
    environment: {},
    workingDirectory: folder,
    configuration: new Configuration(),
    onInterrupt: () => () => {},
  })
  return { code, out: terminal.outLines, err: terminal.errLines }
}

t.test('state ls: operators, their states, kinds, types, counts', async (t) => {
  const folder = await savepoint(t, COUNTS, SOURCE)
  const { code, out } = await state(folder, 'ls', 'sp')
  t.equal(code, 0)
  t.match(out[0], /^Savepoint .*\/sp$/)
  t.match(out[1], /^ {2}job [0-9a-f]{32}, checkpoint 1, taken 2026-11-21T00:00:00.000Z$/)
  t.strictSame(
    out.slice(2).map((line) => line.replace(/[\d.]+ (bytes|KiB)/, 'N $1')),
    [
      '',
      `count words (uid counts, id ${operatorIdOfUid('counts')})`,
      '  parallelism 2 of 128, N KiB, keys dynamic',
      '  STATE  KIND   KEYS  ELEMENTS  TYPE',
      '  count  value  3     3         int',
      '  seen   map    1     1         string → date',
      '',
      `source (uid source, id ${operatorIdOfUid('source')})`,
      '  parallelism 1 of 128, N bytes',
      '  STATE   KIND       KEYS  ELEMENTS  TYPE',
      '  splits  splitList  -     1         dynamic',
    ],
  )
  const groups = await state(folder, 'ls', 'sp/_metadata', '--key-groups')
  t.equal(groups.out.filter((line) => /^ {4}key group \d+: 1 key, 1 element$/.test(line)).length, 4)
  const quick = await state(folder, 'ls', 'sp', '--no-counts')
  t.ok(quick.out.includes('  count  value  -     -         int'), quick.out.join('\n'))
  const json = JSON.parse((await state(folder, 'ls', '--json', 'sp')).out.join('\n'))
  t.match(json, {
    kind: 'SAVEPOINT',
    checkpointId: '1',
    operators: [
      {
        operatorUid: 'counts',
        subtasks: [{ subtask: 0, keyGroups: { start: 0, end: 63 } }, {}],
        states: [{ name: 'count', keys: 3 }, {}],
      },
      {},
    ],
  })
})

t.test('state show: one key, as text or as JSON; elements of operator state', async (t) => {
  const folder = await savepoint(t, COUNTS, SOURCE)
  const show = async (...words: string[]) =>
    (await state(folder, 'show', 'sp', ...words)).out.join('\n')
  const one = (text: string) => JSON.parse(text)
  t.match(one(await show('--operator', 'counts', '--state', 'count', '--key', 'hello')), {
    state: 'count',
    kind: 'value',
    key: 'hello',
    value: 3,
  })
  t.match(one(await show('-o', 'counts', '-s', 'count', '-k', '42')), { key: 42, value: 7 })
  t.match(one(await show('-o', 'counts', '-k', '{"n":1,"user":"ann"}')), { value: 8 })
  const all = await show('-o', 'count words', '-k', 'hello')
  t.match(all, /"value": 3[\s\S]*"\$map": \[\s*\[\s*"in",\s*\{\s*"\$date": "1970/)
  t.match(one(await show('-k', '42')), { key: 42, value: 7 }, 'the only operator with keys')
  t.match(await show('--help'), /^Action "state" shows/, 'help, behind the verb too')
  t.strictSame(one(await show('-o', 'source')), {
    state: 'splits',
    kind: 'splitList',
    value: { file: 'a.txt', offset: { $bigint: '12' } },
  })
})

t.test('state export: a JSON line for each key and element', async (t) => {
  const folder = await savepoint(t, COUNTS, SOURCE)
  const { out } = await state(folder, 'export', 'sp')
  const lines = out.map((line) => JSON.parse(line))
  t.equal(lines.length, 5)
  t.ok(lines.every(({ operator, kind }) => operator && kind))
  t.match(
    lines.find(({ key }) => key === 42),
    { operator: 'counts', state: 'count', kind: 'value', value: 7 },
  )
  t.equal((await state(folder, 'export', 'sp', '--operator', 'source')).out.length, 1)
  t.equal((await state(folder, 'export', 'sp', '--state', 'seen')).out.length, 1)
})

t.test('state show and export: timers by their times', async (t) => {
  const keyed = {
    keyType: 'dynamic' as const,
    states: [{ name: 'timers', kind: 'timer' as const, type: 'dynamic' as const }],
    records: [{ state: 'timers', key: 'a', value: [{ timestamp: 7, namespace: undefined }] }],
  }
  const folder = await savepoint(t, { uid: 'alarms', parallelism: 1, keyed })
  for (const words of [['show', '-k', 'a'], ['export']]) {
    const { out } = await state(folder, ...words, 'sp')
    t.strictSame(JSON.parse(out.join('\n')).value, [{ timestamp: 7 }])
  }
})

t.test('state: each bad input is one clear error', async (t) => {
  const folder = await savepoint(t, COUNTS, SOURCE)
  writeFileSync(join(folder, '_metadata'), 'something else')
  type Row = [words: string[], code: string, message: RegExp]
  const table: Row[] = [
    [[], 'FLINK_CLI_ARGUMENT', /What to do is missing/],
    [['list'], 'FLINK_CLI_ARGUMENT', /"list" is nothing that can be done: use "state ls"/],
    [['ls'], 'FLINK_CLI_ARGUMENT', /A path should be specified/],
    [['ls', 'sp', 'sp2'], 'FLINK_CLI_ARGUMENT', /Unexpected argument: sp2/],
    [['ls', 'sp', '--bogus'], 'FLINK_CLI_ARGUMENT', /Unrecognized option: --bogus/],
    [['ls', 'gone'], 'FLINK_CHECKPOINT_NOT_FOUND', /no complete checkpoint or savepoint at .*gone/],
    [['ls', '.'], 'FLINK_STATE_NOT_A_SAVEPOINT', /does not begin with FLTSSNAP/],
    [['ls', 'gs://b/x'], 'FLINK_UNSUPPORTED_FILE_SYSTEM', /scheme 'gs'/],
    [
      ['show', 'sp'],
      'FLINK_CLI_ARGUMENT',
      /Choose an operator with --operator; there are "counts", "source"/,
    ],
    [['show', 'sp', '-o', 'count'], 'FLINK_STATE_UNKNOWN_OPERATOR', /did you mean 'counts'/],
    [['show', 'sp', '-o', 'counts'], 'FLINK_CLI_ARGUMENT', /name one with --key/],
    [
      ['show', 'sp', '-o', 'counts', '-s', 'coun'],
      'FLINK_STATE_UNKNOWN_STATE',
      /did you mean 'count'/,
    ],
    [
      ['show', 'sp', '-o', 'counts', '-k', 'x'],
      'FLINK_STATE_KEY_NOT_FOUND',
      /nothing of key x in any state/,
    ],
    [['export', 'sp', '-s', 'splitz'], 'FLINK_STATE_UNKNOWN_STATE', /did you mean 'splits'/],
  ]
  for (const [words, code, message] of table) {
    await t.rejects(state(folder, ...words), { code, message }, words.join(' '))
  }
})
