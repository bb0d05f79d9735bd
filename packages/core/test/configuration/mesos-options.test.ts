import { Configuration, checkConfiguration, MesosOptions } from '@flink-ts/core'
import t from 'tap'

const readAs = (option: (typeof MesosOptions)[keyof typeof MesosOptions], text: string) =>
  Configuration.fromMap({ [option.key]: text }).get<unknown>(option)

/** Of Flink 1.13, as its pages of configuration write them; undefined: none. */
const FLINK_DEFAULTS: Readonly<Record<string, string | undefined>> = {
  'mesos.failover-timeout': '604800',
  'mesos.master': undefined,
  'mesos.resourcemanager.artifactserver.port': '0',
  'mesos.resourcemanager.artifactserver.ssl.enabled': 'true',
  'mesos.resourcemanager.declined-offer-refuse-duration': '5000',
  'mesos.resourcemanager.framework.name': 'Flink',
  'mesos.resourcemanager.framework.principal': undefined,
  'mesos.resourcemanager.framework.role': '*',
  'mesos.resourcemanager.framework.secret': undefined,
  'mesos.resourcemanager.framework.user': undefined,
  'mesos.resourcemanager.tasks.port-assignments': undefined,
  'mesos.resourcemanager.unused-offer-expiration': '120000',
  'mesos.constraints.hard.hostattribute': undefined,
  'mesos.resourcemanager.network.resource.name': 'network',
  'mesos.resourcemanager.tasks.bootstrap-cmd': undefined,
  'mesos.resourcemanager.tasks.container.docker.force-pull-image': 'false',
  'mesos.resourcemanager.tasks.container.docker.parameters': undefined,
  'mesos.resourcemanager.tasks.container.image.name': undefined,
  'mesos.resourcemanager.tasks.container.type': 'mesos',
  'mesos.resourcemanager.tasks.container.volumes': undefined,
  'mesos.resourcemanager.tasks.cpus': '0.0',
  'mesos.resourcemanager.tasks.disk': '0',
  'mesos.resourcemanager.tasks.gpus': '0',
  'mesos.resourcemanager.tasks.hostname': undefined,
  'mesos.resourcemanager.tasks.labels': undefined,
  'mesos.resourcemanager.tasks.network.bandwidth': '0',
  'mesos.resourcemanager.tasks.taskmanager-cmd': '$FLINK_HOME/bin/mesos-taskmanager.sh',
  'mesos.resourcemanager.tasks.uris': undefined,
  'mesos.resourcemanager.tasks.user': undefined,
}

/** Where another default is better: what agents cannot give to anybody is free for other frameworks sooner. */
const OTHER_DEFAULTS = { 'mesos.resourcemanager.unused-offer-expiration': 10_000 }

/** Keys that Flink 1.13 does not have, besides those that begin with `mesos.flink-ts.` */
const OTHER_KEYS = { 'mesos.framework-id-file': undefined, 'mesos.maximum-failed-tasks': -1 }

t.test('MesosOptions has the keys and defaults of Flink, but for those named here', async (t) => {
  const options = Object.values(MesosOptions).filter(({ key }) => !/^mesos\.flink-ts\./.test(key))
  t.strictSame(
    options.map(({ key }) => key).sort(),
    Object.keys({ ...FLINK_DEFAULTS, ...OTHER_KEYS }).sort(),
  )
  const others: Readonly<Record<string, unknown>> = { ...OTHER_DEFAULTS, ...OTHER_KEYS }
  const configuration = new Configuration()
  for (const option of options) {
    const text = FLINK_DEFAULTS[option.key]
    const ofFlink = text === undefined ? undefined : readAs(option, text)
    const expected = option.key in others ? others[option.key] : ofFlink
    t.strictSame(configuration.get<unknown>(option), expected, option.key)
  }
  for (const key of Object.keys(OTHER_DEFAULTS)) {
    t.not(String(others[key]), FLINK_DEFAULTS[key], `${key} is another one, or needs no mention`)
  }
})

t.test('FRAMEWORK_SECRET is shown to nobody', async (t) => {
  t.ok(MesosOptions.FRAMEWORK_SECRET.sensitive)
})

t.test('TASKS_CONTAINER_VOLUMES reads all forms of a volume', async (t) => {
  t.same(readAs(MesosOptions.TASKS_CONTAINER_VOLUMES, '/c, /h:/c:ro,/c:RO ,/h:/c,rel:/c:RW'), [
    { containerPath: '/c', mode: 'RW' },
    { hostPath: '/h', containerPath: '/c', mode: 'RO' },
    { containerPath: '/c', mode: 'RO' },
    { hostPath: '/h', containerPath: '/c', mode: 'RW' },
    { hostPath: 'rel', containerPath: '/c', mode: 'RW' },
  ])
  t.same(readAs(MesosOptions.TASKS_CONTAINER_VOLUMES, ''), [])
  t.same(readAs(MesosOptions.TASKS_CONTAINER_VOLUMES, "'/a,b:/c'"), [
    { hostPath: '/a,b', containerPath: '/c', mode: 'RW' },
  ])
})

t.test('TASKS_DOCKER_PARAMETERS splits at the first =', async (t) => {
  t.same(readAs(MesosOptions.TASKS_DOCKER_PARAMETERS, 'env=A=b, ulimit=nofile=1:2,read-only='), [
    { key: 'env', value: 'A=b' },
    { key: 'ulimit', value: 'nofile=1:2' },
    { key: 'read-only', value: '' },
  ])
})

t.test('constraints, URIs, port assignments and roles are read as lists', async (t) => {
  t.same(readAs(MesosOptions.HARD_HOST_ATTRIBUTE_CONSTRAINTS, 'az:eu-1a, ports:[1-2]'), [
    { attribute: 'az', value: 'eu-1a' },
    { attribute: 'ports', value: '[1-2]' },
  ])
  t.same(readAs(MesosOptions.TASKS_URIS, 'hdfs://h/a.tgz, /x/y'), ['hdfs://h/a.tgz', '/x/y'])
  t.same(readAs(MesosOptions.TASKS_PORT_ASSIGNMENTS, 'a.b-c.port,d'), ['a.b-c.port', 'd'])
  t.same(readAs(MesosOptions.FRAMEWORK_ROLES, 'eng/x, ops'), ['eng/x', 'ops'])
})

t.test(
  'a bad value is one error that names the key, the value and what would be right',
  async (t) => {
    const bad: [keyof typeof MesosOptions, string, RegExp][] = [
      [
        'TASKS_CONTAINER_VOLUMES',
        '/h:/c:RX',
        /volumes as '\[host path:\]container path\[:RO\|RW\]'/,
      ],
      ['TASKS_CONTAINER_VOLUMES', '/h:/c:RO:RW', /volumes as/],
      ['TASKS_CONTAINER_VOLUMES', 'RO', /volumes as/],
      ['TASKS_CONTAINER_VOLUMES', 'data', /a container path alone begins with '\/'/],
      ['TASKS_CONTAINER_VOLUMES', ':/c', /volumes as/],
      ['TASKS_DOCKER_PARAMETERS', 'privileged', /'key=value'/],
      ['TASKS_DOCKER_PARAMETERS', '=x', /'key=value'/],
      ['TASKS_DOCKER_PARAMETERS', '--env=A', /'key=value'/],
      ['TASKS_DOCKER_PARAMETERS', 'name=mine', /'name' and 'hostname' are not among them/],
      ['HARD_HOST_ATTRIBUTE_CONSTRAINTS', 'az', /'attribute:value'/],
      ['HARD_HOST_ATTRIBUTE_CONSTRAINTS', 'az:a,az:b', /each attribute once/],
      ['TASKS_URIS', "http://h/it's", /without blanks, backslashes or single quotes/],
      ['TASKS_URIS', 'http://h/a b', /without blanks/],
      ['TASKS_LABELS', 'a', /entries such as 'k1:v1,k2:v2'/],
      ['TASKS_PORT_ASSIGNMENTS', 'a b', /configuration keys/],
      ['TASKS_PORT_ASSIGNMENTS', 'a,a', /configuration keys/],
      ['TASKS_CONTAINER_TYPE', 'podman', /one of mesos, docker/],
      ['TASKS_CPUS', '-1', /at least 0/],
      ['TASKS_GPUS', '0.5', /whole number/],
      ['ARTIFACT_SERVER_PORT', '70000', /ports such as/],
      ...['', 'a b', '-a', '/a', 'a/', 'a//b', '.', 'a/..', 'a/*', 'a,a', '*/b'].map(
        (role): [keyof typeof MesosOptions, string, RegExp] => [
          'FRAMEWORK_ROLES',
          role,
          /roles of Mesos/,
        ],
      ),
    ]
    for (const [name, text, expected] of bad) {
      const { key } = MesosOptions[name]
      const notices = checkConfiguration(Configuration.fromMap({ [key]: text }))
      t.equal(notices.length, 1, `${key}: ${text}`)
      t.match(notices[0], { severity: 'error', key, message: expected }, `${key}: ${text}`)
      t.ok(notices[0]!.message.includes(`'${text}'`))
    }
  },
)

t.test('structured values are written as they are read', async (t) => {
  const texts: [keyof typeof MesosOptions, string][] = [
    ['TASKS_CONTAINER_VOLUMES', '/h:/c:RO,/d:RW'],
    ['TASKS_DOCKER_PARAMETERS', 'env=A=b'],
    ['HARD_HOST_ATTRIBUTE_CONSTRAINTS', 'a:b:c'],
    ['FRAMEWORK_ROLES', 'a,b'],
  ]
  for (const [name, text] of texts) {
    const option = MesosOptions[name]
    const value = option.type.parse(text) as never
    t.equal((option.type.format as (value: never) => string)(value), text)
  }
})

t.test(
  'mesos.resourcemanager.tasks.mem of older Flink: what sizes a TaskManager is named',
  async (t) => {
    const notices = checkConfiguration(
      Configuration.fromMap({
        'mesos.resourcemanager.tasks.mem': '1024',
        'mesos.resourcemanager.tasks.cpus': '2',
        'mesos.resourcemanager.tasks.disk': '10',
      }),
    )
    t.match(notices, [{ message: /has no effect.*taskmanager\.memory\.process\.size/ }])
    t.equal(notices.length, 1)
  },
)
