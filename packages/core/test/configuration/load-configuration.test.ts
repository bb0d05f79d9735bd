import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CoreOptions,
  loadConfiguration,
  PipelineOptions,
  parseDynamicProperties,
  parseHosts,
  parseYamlConfiguration,
  RestOptions,
  readHostsFile,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'
import { parseSimpleLines } from '../../dist/configuration/parse-simple-lines.js'

const parse = async (text: string) => (await parseYamlConfiguration(text, 'file f')).toMap()
const code = 'FLINK_ILLEGAL_CONFIGURATION'

t.test('parseSimpleLines reads as YAML does, or leaves it to YAML', async (t) => {
  // What YAML alone reads, so that all is read by it.
  const byYaml = async (text: string) => {
    const { zz: _, ...others } = await parse(`${text}\nzz: 'z'\n`)
    return others
  }
  const character = fc.constantFrom(...'ab1._-/: #\'"\\,&*!|>%@`{}[]~=?\t\u00e9')
  const some = fc.string({ unit: character, maxLength: 8 })
  const texts = fc.oneof(some, fc.string({ unit: 'binary', maxLength: 6 }))
  const line = fc.oneof(
    fc.tuple(some, some).map(([key, value]) => `${key}: ${value}`),
    fc.tuple(some, some).map(([key, value]) => `k${key}: v${value}`),
    fc.tuple(texts, texts).map((words) => words.map((word) => JSON.stringify(word)).join(': ')),
    some.map((value) => `rest.port: ${value}`),
    some.map((text) => `# ${text}`),
    some,
  )
  const lines = fc.array(line, { maxLength: 3 }).map((all) => all.join('\n'))
  let simple = 0
  await fc.assert(
    fc.asyncProperty(lines, async (text) => {
      const found = parseSimpleLines(text)
      if (found === undefined) return
      if (text !== '') simple++
      t.strictSame(found.toMap(), await byYaml(text), JSON.stringify(text))
    }),
    { numRuns: 1_000 },
  )
  t.ok(simple > 100, `${simple} texts were simple`)
  const rendered = '"a.b": "x: \\"y\\" # z"\n"c": ""\n'
  t.strictSame(parseSimpleLines(rendered)?.toMap(), { 'a.b': 'x: "y" # z', c: '' })
  for (const text of ['a: 1\na: 2', 'a:', 'a: 1 # b', ' a: 1', 'a: [1]', "a: 'x'", '"": "x"']) {
    t.equal(parseSimpleLines(text), undefined, text)
  }
})

t.test('parseYamlConfiguration reads flat keys, nested maps and both', async (t) => {
  t.same(
    await parse(
      `# comment
jobmanager.rpc.port: 6123
jobmanager:
  rpc: {address: localhost}
  memory.process.size: 1600m # behind
rest.flag: true
quoted: "a # b"
version: 1.20
empty:
`,
    ),
    {
      empty: '',
      'jobmanager.memory.process.size': '1600m',
      'jobmanager.rpc.address': 'localhost',
      'jobmanager.rpc.port': '6123',
      quoted: 'a # b',
      'rest.flag': 'true',
      version: '1.20',
    },
  )
  t.same(await parse(''), {})
  t.same(await parse('# nothing\n'), {})
})

t.test('parseYamlConfiguration joins lists as options read them', async (t) => {
  t.same(await parse('a: [x, "y;z", 3]\nb:\n  - key: k\n    value: "v:w"\n  - key: l\n'), {
    a: "x;'y;z';3",
    b: "key:k,value:'v:w';key:l".replace("key:k,value:'v:w'", "'key:k,value:''v:w'''"),
  })
})

t.test('parseYamlConfiguration resolves anchors of texts', async (t) => {
  t.same(await parse('a: &x 10 s\nb: *x\n'), { a: '10 s', b: '10 s' })
})

t.test('a map option reads nested YAML', async (t) => {
  const text = 'pipeline:\n  global-job-parameters:\n    a: 1\n    b.c: 2\n'
  const configuration = await parseYamlConfiguration(text, 'f')
  t.ok(configuration.contains(PipelineOptions.GLOBAL_JOB_PARAMETERS))
  t.same(
    [...configuration.get(PipelineOptions.GLOBAL_JOB_PARAMETERS)!],
    [
      ['a', '1'],
      ['b.c', '2'],
    ],
  )
  t.same(configuration.remove(PipelineOptions.GLOBAL_JOB_PARAMETERS).keys(), [])
})

t.test('parseYamlConfiguration names source, line and remedy of a bad line', async (t) => {
  const cases: [text: string, message: RegExp][] = [
    [
      'a: 1\nrest.port:8081\nb: 2',
      /file f, line 2: 'rest.port…' is not valid: write a space after/,
    ],
    ['rest.port:8081', /line 1: 'rest.port…' is not valid: write a space after the colon/],
    ['a: 1\njust words\n', /line 2: 'just…' is not valid: expected 'key: value'/],
    ['a:\n\tb: 1', /line 2: .*indent with spaces, not with tabs/],
    ['a: 1\nm: *:*:*', /line 2: .*put the value in quotes/],
    ['a: 1\nb: c: d', /line 2: .*put the value in quotes/],
    ['a: 1\nb: "x', /line \d/],
    ['- a', /line 1/],
    ['a: 1\n? [x]\n: y', /line 2: a key must be a text/],
    ['a: [[1]]', /line 1: the list under 'a' may hold texts and flat maps only/],
    ['a: &m {b: 1}\nc: *m', /line 2: the value of 'c' cannot be used: no anchor of a text/],
  ]
  for (const [text, message] of cases) await t.rejects(parse(text), { code, message }, text)
})

t.test('parseYamlConfiguration does not repeat the value of a bad line', async (t) => {
  await t.rejects(parse('s3.secret-key: *hunter2'), {
    message: /^(?!.*'.*hunter2.*' is not valid)/,
  })
  await t.rejects(parse('s3.secret-key:hunter2'), { message: /^(?!.*hunter2)/ })
})

t.test('parseYamlConfiguration names both lines of a repeated key', async (t) => {
  await t.rejects(parse('a.b: 1\nc: 2\na:\n  b: 3\n'), {
    code,
    message:
      "Cannot read file f, line 4: key 'a.b' stands there already on line 1; keep one of them",
  })
  await t.rejects(parse('a: 1\na: 1'), { message: /line 2: key 'a' .* line 1/ })
})

t.test('loadConfiguration: file < FLINK_PROPERTIES < -D', async (t) => {
  const confDir = t.testdir({
    'config.yaml': 'parallelism: {default: 1}\nrest.port: 1\npipeline.name: file\n',
  })
  const { configuration, file, warnings } = await loadConfiguration({
    confDir,
    env: { FLINK_PROPERTIES: 'rest.port: 2\nparallelism.default: 2' },
    dynamicProperties: parseDynamicProperties(['-Dparallelism.default=3']).properties,
  })

  t.equal(file, join(confDir, 'config.yaml'))
  t.same(warnings, [])
  t.equal(configuration.get(CoreOptions.DEFAULT_PARALLELISM), 3)
  t.equal(configuration.get(RestOptions.PORT), 2)
  t.equal(configuration.get(PipelineOptions.NAME), 'file')
})

t.test('loadConfiguration prefers flink-conf.yaml and says so', async (t) => {
  const confDir = t.testdir({ 'config.yaml': 'a: 2\n', 'flink-conf.yaml': 'a: 1\n' })
  const { configuration, warnings } = await loadConfiguration({ confDir })
  t.same(configuration.toMap(), { a: '1' })
  t.match(warnings, [/config\.yaml is ignored because .*flink-conf\.yaml exists/])
})

t.test('loadConfiguration names what is missing and FLINK_CONF_DIR', async (t) => {
  const confDir = t.testdir({})
  await t.rejects(loadConfiguration({ confDir }), {
    code,
    message: `Cannot load the configuration: there is neither flink-conf.yaml nor config.yaml in ${confDir}; set FLINK_CONF_DIR to the folder that has it`,
  })
  const gone = join(confDir, 'gone')
  await t.rejects(loadConfiguration({ confDir: gone }), {
    message: new RegExp(`the folder ${gone} does not exist; set FLINK_CONF_DIR`),
  })
  mkdirSync(join(confDir, 'flink-conf.yaml'))
  await t.rejects(loadConfiguration({ confDir }), { code, message: /flink-conf\.yaml: EISDIR/ })
})

t.test('parseDynamicProperties takes -D out and leaves the rest', async (t) => {
  const { properties, rest } = parseDynamicProperties([
    'host',
    '-D',
    'a.b=c=d',
    '-Dx=',
    '8081',
    '-Dflag',
    '-Dx=2',
    '--',
    '-Dno=1',
  ])
  t.same(properties.toMap(), { 'a.b': 'c=d', flag: 'true', x: '2' })
  t.same(rest, ['host', '8081', '--', '-Dno=1'])
  for (const args of [['-D'], ['-D', '=x'], ['-D=x']]) {
    t.throws(() => parseDynamicProperties(args), { code, message: /expected -D key=value/ })
  }
})

t.test('parseHosts reads hosts, ports, comments, repeats and URL prefixes', async (t) => {
  const text =
    '# all\nlocalhost:8081\nlocalhost:8081 # again\n\nhttp://b.example:80/x\n[::1]:9\r\n::\n'
  t.throws(() => parseHosts(text, 'masters'), { code, message: /masters, line 7: '::' is no host/ })
  t.same(parseHosts(text.replace('::\n', ''), 'm').length, 4)
  t.same(parseHosts('h\nssh://u', 'w'), [
    { host: 'h', webPort: undefined },
    { host: 'u', webPort: undefined },
  ])
  t.same(parseHosts('[::1]:9', 'w'), [{ host: '::1', webPort: 9 }])
  t.throws(() => parseHosts('a b', 'w'), { message: /line 1: 'a b' is no host/ })
})

t.test('readHostsFile names the file that is missing', async (t) => {
  const dir = t.testdir({})
  await t.rejects(readHostsFile(join(dir, 'workers')), { code, message: /workers: ENOENT/ })
  writeFileSync(join(dir, 'workers'), 'a\na\n')
  t.equal((await readHostsFile(join(dir, 'workers'))).length, 2)
})
