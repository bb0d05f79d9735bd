import { type Logger, noopLogger, type ResourceId } from '@flink-ts/core'
import t from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import { TaskExecutor } from '../../dist/taskexecutor/task-executor.js'
import { DEFAULT_TASK_EXECUTOR_SETTINGS } from '../../dist/taskexecutor/task-executor-settings.js'
import { setUp } from '../resourcemanager/resource-manager-under-test.js'
import { advance, location, settle, taskManagerFacts } from '../testing/control-plane.js'
import { TestingTaskLauncher } from './testing-task-launcher.js'

t.test(
  'TaskExecutor whose first attempts to register are answered too late goes by the last answer, and loses nothing',
  async (t) => {
    const logged: { message: string; facts: object | undefined }[] = []
    const note = (message: string, facts?: object) => void logged.push({ message, facts })
    const log: Logger = { ...noopLogger, info: note, warn: note, child: () => log }
    const setup = await setUp({ recovered: ['tm1'], recoversLater: true, log })
    const { world, driver, gateway, resourceManager, token } = setup
    const { clock } = world
    const rpcService = world.service('tm1:1')
    const fatal: unknown[] = []
    const leader = { address: 'jm:1', endpointId: 'rm', token }
    const taskExecutor = new TaskExecutor({
      rpcService,
      endpointId: 'te',
      clock,
      log: noopLogger,
      resourceId: 'tm1' as ResourceId,
      location: location('tm1'),
      facts: taskManagerFacts(1),
      settings: DEFAULT_TASK_EXECUTOR_SETTINGS,
      leaderRetriever: ({ kind }) => ({
        start: (listener) => kind === 'resourcemanager' && listener(leader),
        close: async () => {},
      }),
      launcher: new TestingTaskLauncher(),
      blobCache: new BlobCache({ rpcService, clock, log, store: new InMemoryBlobStore() }),
      releasePartitions: () => {},
      metrics: () => ({}),
      onFatalError: (error) => void fatal.push(error),
    })
    await taskExecutor.start()
    await advance(clock, 500, 50)
    // All attempts are answered in one turn; the last one alone is still waited for.
    driver.tellRecovered()
    await settle()
    const registered = logged.filter(({ message }) => message === 'TaskManager registered')
    t.match(
      registered.map(({ facts }) => facts),
      [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }],
    )
    await advance(clock, 20_000, 1_000)
    t.match(await gateway.requestTaskManagers({}), {
      taskManagers: [{ resourceId: 'tm1', numberOfSlots: 1, numberOfFreeSlots: 1 }],
    })
    t.strictSame([driver.calls, fatal], [['initialize'], []])
    t.notOk(logged.some(({ message }) => message === 'Lost a TaskManager'))
    await taskExecutor.close()
    await resourceManager.close()
  },
)
