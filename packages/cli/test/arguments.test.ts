import t from 'tap'
import { cancelAction } from '../dist/actions/cancel.js'
import { infoAction } from '../dist/actions/info.js'
import { listAction } from '../dist/actions/list.js'
import { runAction } from '../dist/actions/run.js'
import { actionHelp, commandHelp } from '../dist/arguments/help.js'
import { parseArguments } from '../dist/arguments/option-parser.js'
import {
  DETACHED,
  DYNAMIC_PROPERTY,
  ENTRY,
  JOBMANAGER,
  PARALLELISM,
  RUNNING,
  SHUTDOWN_ON_ATTACHED_EXIT,
} from '../dist/arguments/options.js'
import { dynamicProperties } from '../dist/flink-home.js'

const parse = (...words: string[]) => parseArguments(words, runAction.options)

t.test('parseArguments: options end at the first word that is none', async (t) => {
  const args = parse('-d', 'program.ts', '-p', '4', '--detached')
  t.equal(args.has(DETACHED), true)
  t.equal(args.has(PARALLELISM), false)
  t.strictSame(args.positional, ['program.ts', '-p', '4', '--detached'])
})

t.test('parseArguments: -- ends the options, too', async (t) => {
  t.strictSame(parse('-d', '--', '-odd-name.ts', 'x').positional, ['-odd-name.ts', 'x'])
})

t.test('parseArguments: several letters behind one dash are one option', async (t) => {
  for (const word of ['-sae', '--shutdownOnAttachedExit', '-shutdownOnAttachedExit']) {
    t.equal(parse(word).has(SHUTDOWN_ON_ATTACHED_EXIT), true, word)
  }
  t.throws(() => parse('--sae'), { message: 'Unrecognized option: --sae' })
})

t.test('parseArguments: every form of a value is taken', async (t) => {
  for (const words of [['-p', '4'], ['-p4'], ['--parallelism', '4'], ['--parallelism=4']]) {
    t.equal(parse(...words).value(PARALLELISM), '4', words.join(' '))
  }
  t.equal(parse('-m', 'host:1', '-m', 'host:2').value(JOBMANAGER), 'host:2', 'the last one counts')
  t.equal(parse('-c', '-odd').value(ENTRY), '-odd', 'a value may begin with a dash')
})

t.test(
  'parseArguments: -D takes key=value with and without a space, again and again',
  async (t) => {
    const args = parse('-Da.b=1', '-D', 'c=x=y', '-Dflag', '-Da.b=2')
    t.strictSame(args.values(DYNAMIC_PROPERTY), ['a.b=1', 'c=x=y', 'flag', 'a.b=2'])
    t.strictSame(dynamicProperties(args.values(DYNAMIC_PROPERTY)).toMap(), {
      'a.b': '2',
      c: 'x=y',
      flag: 'true',
    })
  },
)

t.test('parseArguments: what is wrong is named', async (t) => {
  t.throws(() => parse('--bogus'), { message: 'Unrecognized option: --bogus' })
  t.throws(() => parse('-x'), { message: 'Unrecognized option: -x' })
  t.throws(() => parse('-p'), { message: 'Missing argument for option: p' })
  t.throws(() => parse('--detached=yes'), { message: 'Option takes no value: --detached=yes' })
  t.throws(() => parseArguments(['-p', '1'], listAction.options), {
    message: 'Unrecognized option: -p',
  })
  t.equal(parseArguments(['-r'], listAction.options).has(RUNNING), true)
})

t.test('actionHelp: every option stands in it, within 80 columns', async (t) => {
  const actions = [runAction, infoAction, listAction, cancelAction]
  for (const action of actions) {
    const help = actionHelp(action)
    for (const line of help.split('\n')) t.ok(line.length <= 80, line)
    for (const { short, long } of action.options) {
      const name = long === undefined ? `-${short}` : `--${long}`
      t.match(help, name)
    }
    t.match(help, `"${action.name}" action options:`)
    t.match(commandHelp(actions), help)
  }
})
