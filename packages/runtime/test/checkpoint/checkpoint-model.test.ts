import fc from 'fast-check'
import t from 'tap'
import { type CheckpointWorld, checkpointWorld, JOB, settle, tasksOf } from './checkpoint-world.js'

/** What the world may do; numbers choose among what there is. */
type Step =
  | { readonly type: 'advance'; readonly ms: number }
  | {
      readonly type: 'acknowledge' | 'repeat' | 'decline'
      readonly id: number
      readonly task: number
    }
  | { readonly type: 'restart' | 'savepoint' | 'manual' | 'failover' }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      ms: fc.integer({ min: 1, max: 1500 }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('acknowledge' as const),
      id: fc.nat({ max: 1 }),
      task: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('repeat' as const, 'decline' as const),
      id: fc.nat({ max: 5 }),
      task: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'restart' as const,
        'savepoint' as const,
        'manual' as const,
        'failover' as const,
      ),
    }),
  },
)

const SETTINGS = {
  intervalMs: 700,
  timeoutMs: 2500,
  maxConcurrentCheckpoints: 2,
  tolerableFailedCheckpoints: 1000,
  retention: 'NO_EXTERNALIZED_CHECKPOINTS' as const,
}

/** Which attempts acknowledged which checkpoint while it was waited for: what must be in it. */
class Model {
  completions = 0
  readonly acknowledged = new Map<bigint, Set<string>>()
  readonly attempts = new Map<bigint, readonly string[]>()
  highest = 0n
  newestCompleted = 0n

  async check(w: CheckpointWorld): Promise<void> {
    for (const event of w.events.splice(0)) this.#onEvent(event, w)
    for (const { checkpointId, externalPath } of w.store.all) {
      const { metadata } = await w.fileStorage.open(externalPath)
      const held = metadata.operators.flatMap((o) =>
        [...o.subtasks].map(([i]) => `${o.operatorName}-${i}`),
      )
      t.same(held.sort(), ['sink-0', 'source-0', 'source-1'], 'each subtask once')
      for (const operator of metadata.operators) {
        for (const { keyed } of operator.subtasks.values()) {
          const { snapshot } = keyed!
          if (snapshot.kind !== 'file') throw new Error('state of this size is a file')
          const { lengthBytes } = await w.fileSystem.getFileStatus(snapshot.path)
          t.equal(lengthBytes, BigInt(snapshot.sizeBytes), `the files of ${checkpointId} are there`)
        }
      }
    }
    const pointers = await w.stores.jobNamespace(JOB, 'checkpoints').names()
    t.same(
      pointers.map(BigInt),
      w.store.all.map(({ checkpointId }) => checkpointId),
    )
    t.ok(pointers.length <= 2)
    const { counts } = w.statistics.toStatistics()
    t.equal(counts.total, counts.completed + counts.failed + counts.in_progress)
    t.equal(counts.in_progress, w.coordinator.numberOfPending)
  }

  #onEvent(event: string, w: CheckpointWorld): void {
    const [what, text] = event.split(' ') as [string, string]
    const id = BigInt(text)
    if (what === 'trigger') {
      t.ok(id > this.highest, 'ids rise')
      this.highest = id
      this.attempts.set(
        id,
        w.world.tasks.map((task) => task.executionAttemptId),
      )
    } else if (what === 'complete') {
      t.ok(id > this.newestCompleted, 'notifications rise')
      this.newestCompleted = id
      this.completions++
      t.same(
        [...this.acknowledged.get(id)!].sort(),
        [...this.attempts.get(id)!].sort(),
        'all have acknowledged',
      )
      this.attempts.delete(id)
    } else {
      t.ok(this.attempts.delete(id), 'what is given up had not ended')
    }
  }
}

t.test('CheckpointCoordinator: whatever comes in whatever order, the invariants hold', async () => {
  let completions = 0
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 60 }), async (list) => {
      let w = await checkpointWorld(SETTINGS, { numRetained: 2 })
      const model = new Model()
      const sent: Awaited<ReturnType<CheckpointWorld['written']>>[] = []
      const settled: Promise<unknown>[] = []
      let attempt = 0
      w.coordinator.startScheduler()
      for (const step of list) {
        switch (step.type) {
          case 'advance':
            await w.advance(step.ms)
            break
          case 'decline': {
            const checkpointId = [...w.triggered.keys()].at(-1 - step.id)
            const { executionAttemptId } = w.world.tasks[step.task]!
            const reason = 'CHECKPOINT_DECLINED' as const
            if (checkpointId === undefined) break
            w.coordinator.declineCheckpoint({ executionAttemptId, checkpointId, reason })
            break
          }
          case 'acknowledge': {
            const checkpointId = [...w.triggered.keys()].at(-1 - step.id)
            if (checkpointId === undefined) break
            const tasks = step.task < 3 ? [w.world.tasks[step.task]!] : w.world.tasks
            for (const { executionAttemptId } of tasks) {
              const isSent = sent.some(
                (a) =>
                  a.checkpointId === checkpointId && a.executionAttemptId === executionAttemptId,
              )
              if (isSent) continue
              const acknowledgement = await w.written(executionAttemptId, checkpointId)
              sent.push(acknowledgement)
              const known = model.acknowledged.get(checkpointId) ?? new Set()
              model.acknowledged.set(checkpointId, known.add(executionAttemptId))
              w.coordinator.acknowledgeCheckpoint(acknowledgement)
            }
            break
          }
          case 'repeat': {
            const again = sent[sent.length - 1 - step.id]
            if (again !== undefined) w.coordinator.acknowledgeCheckpoint(again)
            break
          }
          case 'restart':
            w.coordinator.stopScheduler('TASK_FAILURE')
            w.world.tasks = tasksOf(++attempt)
            await w.coordinator.restoreLatest()
            w.coordinator.startScheduler()
            break
          case 'savepoint':
            settled.push(w.coordinator.triggerSavepoint('/savepoints').catch(() => {}))
            break
          case 'manual':
            settled.push(w.coordinator.triggerCheckpoint().catch(() => {}))
            break
          case 'failover': {
            await settle()
            await model.check(w)
            const newest = w.store.latest?.checkpointId
            await w.coordinator.shutdown('SUSPENDED')
            await model.check(w)
            t.equal(w.clock.pendingTimers, 0)
            const { entries, fileSystem: files } = w
            w = await checkpointWorld(SETTINGS, { numRetained: 2, entries, files })
            t.equal(w.store.latest?.checkpointId, newest, 'the next leader restores the same')
            t.same(w.damaged, [])
            w.world.tasks = tasksOf(++attempt)
            w.coordinator.startScheduler()
          }
        }
        await settle()
        await model.check(w)
      }
      await w.coordinator.shutdown('FINISHED')
      completions += model.completions
      await Promise.all(settled)
      t.equal(w.clock.pendingTimers, 0)
      t.equal(w.coordinator.numberOfPending, 0)
      t.same(await w.stores.jobNamespace(JOB, 'checkpoints').names(), [])
    }),
    { numRuns: 60 },
  )
  t.ok(completions > 10, `${completions} checkpoints were completed`)
})
