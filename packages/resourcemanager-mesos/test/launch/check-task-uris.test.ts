import { Configuration } from '@flink-ts/core'
import t from 'tap'
import { checkTaskSettings } from '../../dist/launch/check-task-settings.js'
import { RecordingLog } from '../support/recording-log.js'

const KEY = 'mesos.resourcemanager.tasks.uris'
const ON_AGENTS = {
  'mesos.flink-ts.home-path': '/opt/flink-ts',
  'mesos.flink-ts.node-path': '/opt/node',
}
/** @returns what was warned of */
function check(uris: string, more: Readonly<Record<string, string>> = {}) {
  const log = new RecordingLog()
  checkTaskSettings(Configuration.fromMap({ ...more, [KEY]: uris }), log)
  return log.at('warn')
}

t.test('checkTaskSettings takes the URIs that the fetcher of Mesos takes', async (t) => {
  const good = [
    '',
    ' ',
    'http://h/a.tgz',
    'https://h:8443/x/a.tgz?token=1#x, http://[::1]:80/b.zip',
    'ftp://ann:pw@h/a,ftps://h/b',
    'file:///x/a,file://localhost/x/b,/x/y/c',
    'hdfs:///a,hdfs://nn:8020/b,s3a://bucket/c,webhdfs://h/d,viewfs://x/e,gs://bucket/f',
    '\'http://h/a,,b\', "http://h/c,"',
    'http://h/a.tar.gz,http://h/a.tar,http://h/b.gz',
    'http://h/node.tgz,http://h/flink-ts.tar',
    // What is empty at an end is dropped, at the last one by Flink, too.
    'http://h/a,',
    'http://h/a , ',
    ',',
    ', http://h/a',
    '"http://h/a",',
    '/x/a"b,/x/c"d',
  ]
  for (const uris of good) t.same(check(uris), [], uris)
  t.doesNotThrow(() => check('/x/node,/x/flink-ts.tgz,/x/flink-ts', ON_AGENTS))
})

t.test('checkTaskSettings warns once of what only a Hadoop client may know', async (t) => {
  const uris = 'oci://b@ns/a,dfs://h/b,hdfs://h/c,lakefs://r/d,hopsfs://h/e,dfs://h/f,x-1.y+z://h/g'
  t.match(check(uris), [
    {
      message: /agents .* their Hadoop client/,
      key: KEY,
      schemes: ['oci', 'dfs', 'lakefs', 'hopsfs', 'x-1.y+z'],
    },
  ])
  t.equal(check(uris).length, 1)
})

t.test('checkTaskSettings refuses URIs that no agent could fetch', async (t) => {
  const bad: [uris: string, message: RegExp][] = [
    ['http://h/a,,http://h/b', /is empty between two commas/],
    ['http://h/a, ,http://h/b', /is empty between two commas/],
    ['"http://h/a,b",,/x/c', /is empty between two commas/],
    ['/x/a"b,,/x/c"d', /is empty between two commas/],
    // Letters before what is empty.
    ['http://h/"a,', /'http:\/\/h\/"a'.*expected.*%22/],
    ['http://h/"a,,http://h/b"', /'http:\/\/h\/"a'.*expected.*%22/],
    ['/x/a b,,/x/c', /without blanks/],
    ['hdfs:/x/a', /'hdfs:\/x\/a'.*expected 'hdfs:\/\/'/],
    ['file:/x/a', /expected 'file:\/\/'/],
    ['git://h/a', /'git:\/\/h\/a'.*expected http, https, ftp, ftps, file.*hdfs.*bootstrap-cmd/],
    ['git+ssh://h/a', /'git\+ssh:\/\/h\/a'.*bootstrap-cmd/],
    ['ssh://ann@h/a', /bootstrap-cmd/],
    ['docker://h/a', /bootstrap-cmd/],
    ['HTTP://h/a', /'HTTP:\/\/h\/a'.*expected 'http', in small letters/],
    ['Hdfs://h/a', /expected 'hdfs', in small letters/],
    ['File:///x/a', /expected 'file', in small letters/],
    ['OCI://b/a', /expected 'oci', in small letters/],
    ['Git://h/a', /bootstrap-cmd/],
    ['oci:/b/a', /expected 'oci:\/\/'/],
    ['file://h/x/a', /'file:\/\/h\/x\/a'.*expected file:\/\/\/x\/a/],
    ['file://x', /expected file:\/\/\//],
    ['http:///a', /expected a host/],
    ['https://h:99999/a', /expected a host/],
    ['http://h', /expected the name of a file/],
    ['hdfs://h/', /expected the name of a file/],
    ['/x/dir/', /expected the name of a file/],
    ['/', /expected URIs or absolute paths/],
    ['x/a', /expected URIs or absolute paths/],
    ['/x/..', /expected the name of a file/],
    ['file:///x/.', /expected the name of a file/],
  ]
  for (const [uris, message] of bad) {
    t.throws(() => check(uris), { code: 'FLINK_ILLEGAL_CONFIGURATION', key: KEY, message }, uris)
  }
  t.throws(() => check('http://ann:hush@h/'), { message: /'http:\/\/ann:\*\*\*@h\/'/ })
})

t.test('checkTaskSettings refuses two files of one name in the folder of a task', async (t) => {
  const bad: [uris: string, message: RegExp][] = [
    ['http://h/a.jar,/x/a.jar', /'http:\/\/h\/a.jar' and '\/x\/a.jar'.*both.*a\.jar/],
    ['/x/a,/x/b,/x/a', /'\/x\/a' and '\/x\/a'.*both.*'a'/],
    ['/x/a.gz,/y/a', /'\/x\/a.gz' and '\/y\/a'.*both.*'a'/],
    ['/x/node', /'\/x\/node'.*'node'.*Node\.js.*mesos\.flink-ts\.node-path/],
    ['/x/node.gz', /'node'/],
    ['/x/flink-ts.tgz', /'flink-ts\.tgz'.*installation.*mesos\.flink-ts\.home-path/],
    ['http://h/flink-ts', /'flink-ts'.*installation/],
    ['/x/stderr', /'stderr'/],
    ['/x/stdout.gz', /'stdout'/],
    ['/x/flink-taskmanager.log', /'flink-taskmanager\.log'/],
  ]
  for (const [uris, message] of bad) {
    t.throws(() => check(uris), { code: 'FLINK_ILLEGAL_CONFIGURATION', key: KEY, message }, uris)
  }
  t.throws(() => check('/x/stderr', ON_AGENTS), { message: /is what the task says/ })
})
