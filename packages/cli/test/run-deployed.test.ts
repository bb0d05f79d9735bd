import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import t from 'tap'
import { runAction, runApplicationAction } from '../dist/actions/run.js'
import { onInterrupt } from '../dist/terminal/on-interrupt.js'
import { act, TestingInterrupts } from './support/act.js'
import { APPLICATION_ID, FakeClusterManager } from './support/fake-cluster-manager.js'
import { PROGRAM, startJobManager, withoutIds } from './support/fake-job-manager.js'
import { startFakeRestServer } from './support/fake-rest-server.js'
import { folderWith } from './support/run-command.js'
import { TestingTerminal } from './support/testing-terminal.js'

t.test('flink run -t yarn-per-job deploys a cluster for the job, and waits for both', async (t) => {
  const { manager, requests } = await startJobManager(t)
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const { importModule } = manager
  const { code, out, err } = await act(
    runAction,
    ['-t', 'yarn-per-job', '-p', '3', '-s', '/savepoints/1', '-yjm', '1g', 'a.ts'],
    { importModule, workingDirectory },
  )
  t.equal(code, 0)
  t.match(withoutIds(out), ['Job has been submitted with JobID JOB', 'Program execution finished'])
  t.ok(err.includes(`${APPLICATION_ID} runs. JobManager: http://${manager.report.restAddress}`))
  t.strictSame(manager.calls, ['deploy job', 'close'])
  const [job] = manager.jobs
  t.equal(job!.detached, false)
  t.match(JSON.parse(job!.jobGraph), { name: 'a job', program: { programName: 'a.ts' } })
  t.ok(Buffer.from(job!.bundle!).includes('a job'))
  t.notOk(
    requests.some(({ method }) => method === 'POST'),
    'the cluster has its job already',
  )
  t.match(manager.contexts[0]!.configuration.toMap(), {
    'parallelism.default': '3',
    'execution.state-recovery.path': '/savepoints/1',
    'jobmanager.memory.process.size': '1g',
  })
})

t.test(
  'flink run -t yarn-per-job: a JobManager may answer before it has submitted the job',
  async (t) => {
    const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
    let calls = 0
    const slow = await startJobManager(t, 'SUCCEEDED', () => ++calls > 3)
    const { code, out, err } = await act(runAction, ['-t', 'yarn-per-job', '-sae', 'a.ts'], {
      importModule: slow.manager.importModule,
      workingDirectory,
    })
    t.equal(code, 0)
    t.match(withoutIds(out), [
      'Job has been submitted with JobID JOB',
      'Program execution finished',
    ])
    t.notOk(
      err.some((line) => line.includes('Heartbeat')),
      'its heartbeats begin then',
    )
    t.strictSame(slow.manager.calls, ['deploy job', 'close'])

    const clock = new SystemClock()
    const { monotonicNow } = clock
    const { manager } = await startJobManager(t, 'SUCCEEDED', () => {
      clock.monotonicNow = () => monotonicNow.call(clock) + 60_000
      return false
    })
    const { importModule } = manager
    await t.rejects(
      act(runAction, ['-t', 'yarn-per-job', 'a.ts'], { importModule, workingDirectory, clock }),
      { code: 'FLINK_JOB_NOT_FOUND', message: /has not submitted it within 60000 ms/ },
    )
    t.strictSame(manager.calls, ['deploy job', 'kill', 'close'], 'but not for ever')

    const interrupts = new TestingInterrupts()
    const stuck = await startJobManager(t, 'SUCCEEDED', () => {
      if (interrupts.listeners > 0) setImmediate(() => interrupts.interrupt())
      return false
    })
    const interrupted = await act(runAction, ['-t', 'yarn-per-job', 'a.ts'], {
      importModule: stuck.manager.importModule,
      workingDirectory,
      interrupts,
    })
    t.equal(interrupted.code, 130)
    t.strictSame(stuck.manager.calls, ['deploy job', 'kill', 'close'], 'and Ctrl-C takes it back')
  },
)

t.test(
  'flink run -d -t yarn-per-job leaves when the cluster runs, and says how to end it',
  async (t) => {
    const { manager, requests } = await startJobManager(t)
    const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
    const { importModule } = manager
    for (const words of [
      ['-d', '-t', 'yarn-per-job'],
      ['-m', 'yarn-cluster', '-yd'],
    ]) {
      const { code, out } = await act(runAction, [...words, 'a.ts'], {
        importModule,
        workingDirectory,
      })
      t.equal(code, 0)
      t.strictSame(withoutIds(out), [
        'Job has been submitted with JobID JOB',
        `The job runs detached in ${APPLICATION_ID}, which ends with it. To cancel it: flink cancel -t yarn-per-job -Dyarn.application.id=${APPLICATION_ID} JOB`,
        `If that is not possible: yarn application -kill ${APPLICATION_ID} (which may leave files behind)`,
      ])
    }
    t.strictSame(
      manager.jobs.map(({ detached }) => detached),
      [true, true],
    )
    t.strictSame(requests, [])
  },
)

t.test('main() goes on when signals end the process by themselves again', async (t) => {
  const workingDirectory = folderWith(t, {
    'a.ts': `${PROGRAM}
Reflect.set(globalThis, 'heardInMain', process.listenerCount('SIGINT'))`,
  })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'heardInMain'))
  const before = process.listenerCount('SIGINT')
  for (const words of [['-d'], []]) {
    const { manager } = await startJobManager(t)
    const heard: number[] = []
    const { code } = await act(runAction, [...words, '-t', 'yarn-per-job', 'a.ts'], {
      importModule: manager.importModule,
      workingDirectory,
      interrupts: {
        onInterrupt: (listener) => {
          const stop = onInterrupt(listener)
          heard.push(process.listenerCount('SIGINT'))
          return stop
        },
      },
    })
    t.equal(code, 0)
    t.ok(heard.length > 0 && heard.every((count) => count === before + 1), 'meanwhile')
    t.equal(Reflect.get(globalThis, 'heardInMain'), before, words.join(' '))
    Reflect.deleteProperty(globalThis, 'heardInMain')
  }
})

t.test('each execute() has a cluster of its own', async (t) => {
  const { manager } = await startJobManager(t)
  const workingDirectory = folderWith(t, {
    'a.ts': `${PROGRAM}env.fromElements(3).print()\nawait env.execute('b job')`,
  })
  const { importModule } = manager
  const { code } = await act(runAction, ['-t', 'yarn-per-job', 'a.ts'], {
    importModule,
    workingDirectory,
  })
  t.equal(code, 0)
  t.strictSame(
    manager.jobs.map(({ jobGraph }) => JSON.parse(jobGraph).name),
    ['a job', 'b job'],
  )
})

t.test(
  'a job that fails fails the command; so does a cluster that dies, with its diagnostics',
  async (t) => {
    const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
    const failing = await startJobManager(t, 'FAILED')
    await t.rejects(
      act(runAction, ['-t', 'yarn-per-job', 'a.ts'], {
        importModule: failing.manager.importModule,
        workingDirectory,
      }),
      { message: /Job failed/ },
    )

    const manager = new FakeClusterManager()
    const { address } = await startFakeRestServer(t, () => {
      manager.end({
        status: 'FAILED',
        diagnostics: 'Container killed on request. Exit code is 137',
      })
      return { status: 503, body: { errors: ['nobody leads'] } }
    })
    manager.report = { ...manager.report, restAddress: address }
    await t.rejects(
      act(runAction, ['-t', 'yarn-per-job', 'a.ts'], {
        importModule: manager.importModule,
        workingDirectory,
      }),
      { code: 'FLINK_CLUSTER_ENDED', message: /has ended \(FAILED\): Container killed.*137/ },
    )
    t.strictSame(manager.calls, ['deploy job', 'kill', 'close'], 'its files go')
    t.strictSame(failing.manager.calls, ['deploy job', 'close'], 'that one removes its own')
  },
)

t.test('a cluster that does not come up is ended', async (t) => {
  const manager = new FakeClusterManager()
  manager.coming = () => Promise.reject(new Error('no queue has room'))
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const { importModule } = manager
  for (const words of [
    ['-t', 'yarn-per-job'],
    ['-t', 'yarn-application'],
  ]) {
    await t.rejects(act(runAction, [...words, 'a.ts'], { importModule, workingDirectory }), {
      message: 'no queue has room',
    })
    t.strictSame(manager.calls.splice(0).slice(1), ['kill', 'close'])
  }
})

t.test('Ctrl-C while a cluster is deployed takes it back: exit code 130', async (t) => {
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const words = ['-t', 'yarn-per-job', 'a.ts']
  for (const where of ['deploying', 'coming'] as const) {
    const manager = new FakeClusterManager()
    const { importModule } = manager
    const interrupts = new TestingInterrupts()
    const never = () => {
      setImmediate(() => interrupts.interrupt())
      return new Promise<never>((_resolve, reject) => {
        const { signal } = manager.contexts[0]!
        if (where === 'deploying') signal!.addEventListener('abort', () => reject(signal!.reason))
      })
    }
    if (where === 'deploying') manager.deploying = never
    else manager.coming = never
    const { code, err } = await act(runAction, words, {
      importModule,
      workingDirectory,
      interrupts,
    })
    t.equal(code, 130)
    t.match(err.at(-1), /^Interrupted: the cluster of a job was given up/)
    t.strictSame(manager.calls.slice(1), where === 'coming' ? ['kill', 'close'] : ['close'])
    t.equal(interrupts.listeners, 0)
  }
})

t.test('flink run-application deploys, says where, and leaves', async (t) => {
  const manager = new FakeClusterManager('h:1')
  const { importModule } = manager
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  for (const action of [runApplicationAction, runAction]) {
    const { code, out } = await act(
      action,
      ['-t', 'yarn-application', '-c', 'begin', '-p', '2', '-s', '/sp', '-n', 'a.ts', 'x', '-y'],
      { importModule, workingDirectory },
    )
    t.equal(code, 0)
    t.strictSame(out, [
      `The application a.ts runs in ${APPLICATION_ID}.`,
      `Its jobs: flink list -t yarn-application -Dyarn.application.id=${APPLICATION_ID}`,
      `To end it by force: yarn application -kill ${APPLICATION_ID} (which may leave files behind)`,
    ])
    t.match(manager.applications.pop(), {
      programName: 'a.ts',
      entryPoint: 'begin',
      args: ['x', '-y'],
    })
    t.match(manager.contexts.pop()!.configuration.toMap(), {
      'parallelism.default': '2',
      'execution.state-recovery.path': '/sp',
      'execution.state-recovery.ignore-unclaimed-state': 'true',
      'execution.attached': 'false',
    })
  }
  t.strictSame(manager.calls, ['deploy application', 'close', 'deploy application', 'close'])
})

t.test('execution.attached has run-application wait; -d does not', async (t) => {
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const words = ['-t', 'yarn-application', '-Dexecution.attached=true']
  for (const [status, expected] of [
    ['SUCCEEDED', { code: 0, last: 'The application has ended: SUCCEEDED' }],
    ['FAILED', { code: 1, last: 'The application has ended: FAILED: main() threw' }],
  ] as const) {
    const manager = new FakeClusterManager()
    const { importModule } = manager
    manager.coming = async () => {
      setImmediate(() =>
        manager.end({ status, diagnostics: status === 'FAILED' ? 'main() threw\n' : '' }),
      )
      return manager.report
    }
    const { code, out, err } = await act(runApplicationAction, [...words, 'a.ts'], {
      importModule,
      workingDirectory,
    })
    t.equal(code, expected.code)
    t.equal((code === 0 ? out : err).at(-1), expected.last)
  }
  const { importModule } = new FakeClusterManager()
  const left = await act(runApplicationAction, [...words, '-d', 'a.ts'], {
    importModule,
    workingDirectory,
  })
  t.equal(left.code, 0)
})

t.test('Ctrl-C of a waiting run-application leaves it, and with -sae kills it', async (t) => {
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const words = ['-t', 'yarn-application', '-Dexecution.attached=true', 'a.ts']
  for (const [more, last, calls] of [
    [[], `${APPLICATION_ID} goes on.`, ['deploy application', 'close']],
    [['-sae'], `${APPLICATION_ID} was killed.`, ['deploy application', 'kill', 'close']],
  ] as const) {
    const manager = new FakeClusterManager()
    const interrupts = new TestingInterrupts()
    const terminal = new TestingTerminal()
    const waiting = act(runApplicationAction, [...more, ...words], {
      importModule: manager.importModule,
      workingDirectory,
      interrupts,
      terminal,
    })
    while (terminal.outLines.length < 3 || interrupts.listeners === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    interrupts.interrupt()
    t.equal((await waiting).code, 130)
    t.equal(terminal.errLines.at(-1), last)
    t.strictSame(manager.calls, calls)
  }
})

t.test('run-application without the target of one, and programs that are not there', async (t) => {
  const manager = new FakeClusterManager()
  const { importModule } = manager
  for (const words of [['a.ts'], ['-t', 'remote', 'a.ts'], ['-t', 'yarn-per-job', 'a.ts']]) {
    await t.rejects(act(runApplicationAction, words, { importModule }), {
      message: /^run-application needs the target of an application cluster/,
    })
  }
  await t.rejects(act(runApplicationAction, ['-t', 'yarn-application'], { importModule }), {
    message: /^A program should be specified/,
  })
  for (const target of ['yarn-application', 'yarn-per-job']) {
    await t.rejects(act(runAction, ['-t', target, 'gone.ts'], { importModule }), {
      message: /The program file does not exist: gone\.ts/,
    })
  }
  t.strictSame(manager.calls, [], 'nothing is deployed for a program that cannot be built')
})

t.test('a configuration file that says execution.target is believed', async (t) => {
  const manager = new FakeClusterManager('h:1')
  const { importModule } = manager
  const workingDirectory = folderWith(t)
  writeFileSync(join(workingDirectory, 'a.ts'), PROGRAM)
  const configuration = { 'execution.target': 'yarn-application' }
  const { code } = await act(runAction, ['a.ts'], { importModule, workingDirectory, configuration })
  t.equal(code, 0)
  t.equal(manager.calls[0], 'deploy application')
})
