import type { FrameworkInfo, SchedulerCall, TaskInfo } from '@flink-ts/mesos-client'
import t from 'tap'
import { encodeCall } from '../../dist/wire/encode-call.js'
import { encodeSubscribe } from '../../dist/wire/encode-framework.js'

const value = (text: string) => ({ value: text })
const encode = (call: SchedulerCall) => JSON.parse(JSON.stringify(encodeCall(call, 'f')))
const framework: FrameworkInfo = {
  name: 'Flink',
  user: 'root',
  roles: ['flink'],
  failoverTimeoutSeconds: 604_800,
  checkpoint: true,
  capabilities: [],
}
const cpus = { name: 'cpus', type: 'SCALAR', scalar: { value: 4 }, allocation_info: { role: 'r' } }
const task: TaskInfo = {
  taskId: 't-1',
  name: 'task',
  agentId: 'a',
  resources: [{ name: 'cpus', scalar: 0.1 + 0.2, from: cpus }],
  command: { shell: true, value: 'sleep 1', environment: {}, uris: [] },
  labels: {},
}
function encodedTask(more: Partial<TaskInfo>) {
  const call = encode({ type: 'ACCEPT', offerIds: ['o'], launch: [{ ...task, ...more }] })
  return call.accept.operations[0].launch.task_infos[0]
}

t.test('encodeSubscribe writes a framework of one role', async (t) => {
  t.strictSame(encodeSubscribe(framework), {
    type: 'SUBSCRIBE',
    subscribe: {
      framework_info: {
        name: 'Flink',
        user: 'root',
        role: 'flink',
        failover_timeout: 604_800,
        checkpoint: true,
        capabilities: [],
      },
    },
  })
  const { subscribe } = JSON.parse(JSON.stringify(encodeSubscribe({ ...framework, roles: [] })))
  t.notHas(subscribe.framework_info, { role: '' })
})

t.test(
  'encodeSubscribe writes all of a framework that comes back, its id in both places',
  async (t) => {
    t.strictSame(
      encodeSubscribe({
        ...framework,
        id: 'f-1',
        roles: ['a', 'b'],
        principal: 'p',
        hostname: 'h',
        webuiUrl: 'http://h:8081',
        capabilities: ['MULTI_ROLE', 'PARTITION_AWARE'],
        labels: { k: 'v' },
      }),
      {
        type: 'SUBSCRIBE',
        framework_id: value('f-1'),
        subscribe: {
          framework_info: {
            name: 'Flink',
            user: 'root',
            id: value('f-1'),
            roles: ['a', 'b'],
            principal: 'p',
            failover_timeout: 604_800,
            checkpoint: true,
            hostname: 'h',
            webui_url: 'http://h:8081',
            capabilities: [{ type: 'MULTI_ROLE' }, { type: 'PARTITION_AWARE' }],
            labels: { labels: [{ key: 'k', value: 'v' }] },
          },
        },
      },
    )
  },
)

t.test('encodeCall writes all calls', async (t) => {
  const calls: [SchedulerCall, object][] = [
    [{ type: 'TEARDOWN' }, {}],
    [
      { type: 'UPDATE_FRAMEWORK', framework: { ...framework, failoverTimeoutSeconds: 7 } },
      {
        update_framework: {
          framework_info: {
            name: 'Flink',
            user: 'root',
            id: value('f'),
            role: 'flink',
            failover_timeout: 7,
            checkpoint: true,
            capabilities: [],
          },
        },
      },
    ],
    [{ type: 'REVIVE' }, { revive: {} }],
    [{ type: 'REVIVE', roles: ['a'] }, { revive: { roles: ['a'] } }],
    [{ type: 'SUPPRESS' }, { suppress: {} }],
    [{ type: 'SUPPRESS', roles: ['a'] }, { suppress: { roles: ['a'] } }],
    [
      { type: 'DECLINE', offerIds: ['o', 'p'], refuseSeconds: 7 },
      {
        decline: { offer_ids: [value('o'), value('p')], filters: { refuse_seconds: 7 } },
      },
    ],
    [{ type: 'DECLINE', offerIds: ['o'] }, { decline: { offer_ids: [value('o')] } }],
    [
      { type: 'ACCEPT', offerIds: ['o'], launch: [], refuseSeconds: 0 },
      {
        accept: { offer_ids: [value('o')], operations: [], filters: { refuse_seconds: 0 } },
      },
    ],
    [
      { type: 'ACCEPT_INVERSE_OFFERS', inverseOfferIds: ['i'] },
      { accept_inverse_offers: { inverse_offer_ids: [value('i')] } },
    ],
    [
      { type: 'DECLINE_INVERSE_OFFERS', inverseOfferIds: ['i'], refuseSeconds: 60 },
      {
        decline_inverse_offers: {
          inverse_offer_ids: [value('i')],
          filters: { refuse_seconds: 60 },
        },
      },
    ],
    [{ type: 'KILL', taskId: 't' }, { kill: { task_id: value('t') } }],
    [
      { type: 'KILL', taskId: 't', agentId: 'a', gracePeriodMs: 1_500 },
      {
        kill: {
          task_id: value('t'),
          agent_id: value('a'),
          kill_policy: { grace_period: { nanoseconds: 1_500_000_000 } },
        },
      },
    ],
    [
      { type: 'ACKNOWLEDGE', agentId: 'a', taskId: 't', uuid: 'u' },
      { acknowledge: { agent_id: value('a'), task_id: value('t'), uuid: 'u' } },
    ],
    [{ type: 'RECONCILE', tasks: [] }, { reconcile: { tasks: [] } }],
    [
      { type: 'RECONCILE', tasks: [{ taskId: 't', agentId: 'a' }, { taskId: 'u' }] },
      {
        reconcile: {
          tasks: [{ task_id: value('t'), agent_id: value('a') }, { task_id: value('u') }],
        },
      },
    ],
  ]
  for (const [call, body] of calls) {
    t.strictSame(encode(call), { framework_id: value('f'), type: call.type, ...body })
  }
})

t.test(
  'encodeCall launches tasks with a part of what was offered, which says what the offer said',
  async (t) => {
    const reservations = [{ type: 'STATIC', role: 'r' }]
    const ports = { name: 'ports', type: 'RANGES', ranges: { range: [] }, reservations }
    const zones = { name: 'zones', type: 'SET', set: { item: ['a', 'b'] }, role: 'r' }
    const call = encode({
      type: 'ACCEPT',
      offerIds: ['o'],
      launch: [
        {
          ...task,
          resources: [
            ...task.resources,
            { name: 'ports', ranges: [{ begin: 1, end: 2 }], from: ports },
            { name: 'zones', set: ['a'], from: zones },
          ],
        },
      ],
    })
    t.strictSame(call.accept.operations, [
      {
        type: 'LAUNCH',
        launch: {
          task_infos: [
            {
              name: 'task',
              task_id: value('t-1'),
              agent_id: value('a'),
              resources: [
                { ...cpus, scalar: { value: 0.3 } },
                { ...ports, ranges: { range: [{ begin: 1, end: 2 }] } },
                { ...zones, set: { item: ['a'] } },
              ],
              command: { shell: true, value: 'sleep 1', environment: { variables: [] }, uris: [] },
              labels: { labels: [] },
            },
          ],
        },
      },
    ])
  },
)

t.test('encodeCall writes programs, files, labels and the time to end', async (t) => {
  const encoded = encodedTask({
    command: {
      shell: false,
      value: '/bin/sh',
      arguments: ['sh', '-c', 'true'],
      environment: { A: '1', B: '' },
      user: 'nobody',
      uris: [
        { value: 'http://h/a.tgz', extract: true },
        { value: 'u', extract: false, executable: true, cache: true, outputFile: 'x' },
      ],
    },
    labels: { l: 'v' },
    killGracePeriodMs: 2_000,
  })
  t.strictSame(encoded.command, {
    shell: false,
    value: '/bin/sh',
    arguments: ['sh', '-c', 'true'],
    environment: {
      variables: [
        { name: 'A', value: '1' },
        { name: 'B', value: '' },
      ],
    },
    user: 'nobody',
    uris: [
      { value: 'http://h/a.tgz', extract: true },
      { value: 'u', extract: false, executable: true, cache: true, output_file: 'x' },
    ],
  })
  t.strictSame(encoded.labels, { labels: [{ key: 'l', value: 'v' }] })
  t.strictSame(encoded.kill_policy, { grace_period: { nanoseconds: 2_000_000_000 } })
})

t.test('encodeCall writes containers of both kinds', async (t) => {
  const volumes = [
    { containerPath: '/c', mode: 'RO' },
    { containerPath: '/d', hostPath: '/h', mode: 'RW' },
  ] as const
  const encodedVolumes = [
    { container_path: '/c', mode: 'RO' },
    { container_path: '/d', host_path: '/h', mode: 'RW' },
  ]
  t.strictSame(
    encodedTask({
      container: {
        type: 'DOCKER',
        image: 'i:1',
        network: 'HOST',
        forcePullImage: true,
        parameters: [{ key: 'k', value: 'v' }],
        volumes,
      },
    }).container,
    {
      type: 'DOCKER',
      docker: {
        image: 'i:1',
        network: 'HOST',
        force_pull_image: true,
        parameters: [{ key: 'k', value: 'v' }],
      },
      volumes: encodedVolumes,
    },
  )
  t.strictSame(encodedTask({ container: { type: 'DOCKER', image: 'i', volumes: [] } }).container, {
    type: 'DOCKER',
    docker: { image: 'i' },
    volumes: [],
  })
  t.strictSame(
    encodedTask({ container: { type: 'MESOS', image: 'i', forcePullImage: true, volumes } })
      .container,
    {
      type: 'MESOS',
      mesos: { image: { type: 'DOCKER', docker: { name: 'i' }, cached: false } },
      volumes: encodedVolumes,
    },
  )
  t.strictSame(encodedTask({ container: { type: 'MESOS', volumes: [] } }).container, {
    type: 'MESOS',
    mesos: {},
    volumes: [],
  })
})
