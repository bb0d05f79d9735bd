import { Configuration } from '@flink-ts/core'
import t from 'tap'
import { checkTaskSettings } from '../../dist/launch/check-task-settings.js'

const KEY = 'mesos.resourcemanager.tasks.uris'
const ON_AGENTS = {
  'mesos.flink-ts.home-path': '/opt/flink-ts',
  'mesos.flink-ts.node-path': '/opt/node',
}
const check = (uris: string, more: Readonly<Record<string, string>> = {}) =>
  checkTaskSettings(Configuration.fromMap({ ...more, [KEY]: uris }))

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
  ]
  for (const uris of good) t.doesNotThrow(() => check(uris), uris)
  t.doesNotThrow(() => check('/x/node,/x/flink-ts.tgz,/x/flink-ts', ON_AGENTS))
})

t.test('checkTaskSettings refuses URIs that no agent could fetch', async (t) => {
  const bad: [uris: string, message: RegExp][] = [
    ['http://h/a,,http://h/b', /is empty between two commas/],
    [',http://h/a', /is empty/],
    ['http://h/a, ', /is empty/],
    ['"http://h/a",', /is empty/],
    ['hdfs:/x/a', /'hdfs:\/x\/a'.*expected 'hdfs:\/\/'/],
    ['file:/x/a', /expected 'file:\/\/'/],
    ['htp://h/a', /'htp:\/\/h\/a'.*expected http, https, ftp, ftps, file.*hdfs.*bootstrap-cmd/],
    ['HTTP://h/a', /'HTTP:\/\/h\/a'.*expected http.*in small letters/],
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
