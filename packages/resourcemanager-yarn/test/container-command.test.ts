import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { containerCommand, environmentValue } from '../dist/deployment/container-command.js'

const STREAMS = { stdout: 'x.out', stderr: 'x.err' }

/** Runs scripts as a NodeManager does, which puts commands and variables between double quotes. */
class Launcher {
  readonly #folder = mkdtempSync(join(tmpdir(), 'command-'))
  readonly #printer = join(this.#folder, 'print.mjs')

  constructor() {
    writeFileSync(this.#printer, 'console.log(JSON.stringify(process.argv.slice(2)))\n')
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }

  /** What each program was given; all in one start of bash and few of node. */
  argumentsOf(words: readonly string[]): string[] {
    const command = containerCommand([process.execPath, this.#printer, ...words], STREAMS)
    // As YARN expands it, for every container.
    const expanded = command
      .replaceAll('<LOG_DIR>', this.#folder)
      .replaceAll('{{', '$')
      .replaceAll('}}', '')
    this.run(`exec /bin/bash -c "${expanded}"\n`)
    return JSON.parse(readFileSync(join(this.#folder, 'x.out'), 'utf8')) as string[]
  }

  run(script: string): string {
    const file = join(this.#folder, 'launch_container.sh')
    writeFileSync(file, script)
    return execFileSync('/bin/bash', [file], { encoding: 'utf8', env: { NAME: 'value' } })
  }
}

t.test('containerCommand gives a program its words whatever they hold', async (t) => {
  const launcher = new Launcher()
  t.teardown(() => launcher.close())
  const hostile = [
    '',
    ' ',
    'a b',
    '"',
    "'",
    '\\',
    '\\\\"$NAME`',
    '$NAME',
    '$' + '{NAME}',
    '$(touch /x)',
    '`id`',
    '<LOG_DIR>',
    '{{NAME}}',
    '<CPS>',
    'line\nline\r\n\ttab',
    '; rm -rf /',
    '&& | > < * ? ~ # ! %',
    '-Dkey=a b',
    'ü€😀',
    '\u0001\u007f',
    '1\u00012',
  ]
  t.same(launcher.argumentsOf(hostile), hostile)

  const wellFormed = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))
  const shellish = fc.string({ unit: fc.constantFrom(...'"\'\\$`{}<>()!\n 07a-=LOG_DIR') })
  fc.assert(
    fc.property(fc.array(fc.oneof(wellFormed, shellish), { maxLength: 200 }), (words) => {
      t.same(launcher.argumentsOf(words), words)
    }),
    { numRuns: 8 },
  )
})

t.test('containerCommand has no double quote, and leaves simple words as they are', async (t) => {
  t.equal(
    containerCommand(['/usr/bin/node', '--max-old-space-size=64', './a/b.js'], STREAMS),
    '/usr/bin/node --max-old-space-size=64 ./a/b.js 1> <LOG_DIR>/x.out 2> <LOG_DIR>/x.err',
  )
  fc.assert(
    fc.property(fc.string(), (word) => {
      const safe = word.replaceAll('\0', '')
      t.notMatch(containerCommand([safe], STREAMS), /"/)
    }),
  )
  t.throws(() => containerCommand(['a\0b'], STREAMS), {
    code: 'FLINK_YARN_DEPLOYMENT',
    message: /zero byte/,
  })
})

t.test('environmentValue keeps quotes and lets variables be expanded', async (t) => {
  const launcher = new Launcher()
  t.teardown(() => launcher.close())
  const printed = (value: string) =>
    launcher.run(`export X="${environmentValue(value)}"\nprintf %s "$X"\n`)
  t.equal(printed('a "quoted" \\ text'), 'a "quoted" \\ text')
  t.equal(printed('$NAME:/bin'), 'value:/bin')
  t.equal(printed('`id` $(id)'), '`id` $(id)')
  t.equal(printed('two\nlines'), 'two\nlines')
})
