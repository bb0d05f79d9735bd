import { Types } from '@flink-ts/core'
import {
  HeapOperatorStateBackend,
  type OperatorStateHandle,
  redistributeOperatorState,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'
import { openInline, operatorHandle } from '../snapshot-files.js'

function backend(subtaskIndex = 0): HeapOperatorStateBackend {
  const operatorId = 'b'.repeat(32)
  return new HeapOperatorStateBackend({
    operator: { operatorId, operatorName: 'source', subtaskIndex },
  })
}

async function restored(
  handles: ReadonlyMap<number, OperatorStateHandle>,
  parallelism: { readonly old: number; readonly new: number },
): Promise<HeapOperatorStateBackend[]> {
  const parts = redistributeOperatorState(handles, parallelism)
  return Promise.all(
    parts.map(async (own, subtask) => {
      const next = backend(subtask)
      await next.restore({ parts: own, open: openInline })
      return next
    }),
  )
}

t.test('HeapOperatorStateBackend', async (t) => {
  await t.test(
    'gives lists in shares, unions to all and broadcast state to each, at any parallelism',
    async (t) => {
      const subtaskState = fc.record({
        split: fc.array(fc.string(), { maxLength: 6 }),
        union: fc.array(fc.nat(), { maxLength: 4 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(subtaskState, { minLength: 1, maxLength: 5 }),
          fc.uniqueArray(fc.tuple(fc.string(), fc.nat()), { selector: ([key]) => key }),
          fc.integer({ min: 1, max: 6 }),
          async (subtasks, rules, parallelism) => {
            const handles = new Map<number, OperatorStateHandle>()
            for (const [i, { split, union }] of subtasks.entries()) {
              const subject = backend(i)
              subject.getListState<string>({ name: 'splits' }).addAll(split)
              subject.getUnionListState({ name: 'all', type: Types.int }).addAll(union)
              subject.getBroadcastState<string, number>({ name: 'rules' }).putAll(rules)
              const snapshot = subject.snapshot(1n)
              if (snapshot.states.length > 0) handles.set(i, operatorHandle(snapshot))
            }
            const next = await restored(handles, { old: subtasks.length, new: parallelism })
            const splits = next.map((each) => [
              ...each.getListState<string>({ name: 'splits' }).get(),
            ])
            t.strictSame(
              splits.flat(),
              subtasks.flatMap(({ split }) => split),
            )
            if (parallelism !== subtasks.length) {
              const sizes = splits.map(({ length }) => length)
              t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, 'in equal shares')
            }
            for (const each of next) {
              const all = each.getUnionListState({ name: 'all', type: Types.int })
              t.strictSame(
                [...all.get()],
                subtasks.flatMap(({ union }) => union),
              )
              const map = each.getBroadcastState<string, number>({ name: 'rules' })
              t.strictSame(new Map(map.entries()), new Map(rules))
            }
          },
        ),
        { numRuns: 60 },
      )
    },
  )

  await t.test('keeps what nobody asks for, also when the parallelism changes', async (t) => {
    const first = backend()
    first.getListState<number>({ name: 'old' }).addAll([1, 2, 3])
    const second = await restored(new Map([[0, operatorHandle(first.snapshot(1n))]]), {
      old: 1,
      new: 2,
    })
    const handles = new Map(second.map((each, i) => [i, operatorHandle(each.snapshot(2n))]))
    const [third] = await restored(handles, { old: 2, new: 1 })
    t.strictSame([...third!.getListState<number>({ name: 'old' }).get()], [1, 2, 3])
  })

  await t.test('snapshots what is there, not what comes after', async (t) => {
    const subject = backend()
    const list = subject.getListState<{ n: number }>({ name: 'l' })
    list.add({ n: 1 })
    const snapshot = subject.snapshot(1n)
    for (const element of list.get()) element.n = 2
    list.add({ n: 3 })
    const [next] = await restored(new Map([[0, operatorHandle(snapshot)]]), { old: 1, new: 1 })
    t.strictSame([...next!.getListState({ name: 'l' }).get()], [{ n: 1 }])
    t.strictSame(backend().snapshot(1n).states, [])
  })

  await t.test('converts what was stored, or refuses it naming operator and state', async (t) => {
    const first = backend()
    first.getListState({ name: 'l', type: Types.int }).addAll([1, 2])
    first.getBroadcastState({ name: 'b', keyType: Types.string, type: Types.int }).put('k', 3)
    const handles = new Map([[0, operatorHandle(first.snapshot(1n))]])
    const [next] = await restored(handles, { old: 1, new: 1 })

    const expected = { code: 'FLINK_STATE_INCOMPATIBLE', operatorName: 'source', stateName: 'l' }
    t.throws(() => next!.getListState({ name: 'l', type: Types.string }), expected)
    t.throws(() => next!.getUnionListState({ name: 'l', type: Types.int }), expected)
    t.strictSame([...next!.getListState({ name: 'l', type: Types.long }).get()], [1n, 2n])
    const widened = { name: 'b', keyType: Types.string, type: Types.long }
    t.equal(next!.getBroadcastState(widened).get('k'), 3n)
    t.throws(() => next!.getUnionListState({ name: 'l' }), { code: 'FLINK_STATE_NAME_TAKEN' })
  })

  await t.test('does not take a damaged file', async (t) => {
    const first = backend()
    first.getListState<string>({ name: 'l' }).add('some text')
    const { states, bytes } = first.snapshot(1n)
    const damaged = Buffer.concat(bytes)
    damaged[damaged.length - 60]! ^= 1
    const handle = operatorHandle({ checkpointId: 1n, states, bytes: [damaged] })
    const parts = [{ handle, ranges: [{ name: 'l', from: 0, to: 1 }] }]
    await t.rejects(backend().restore({ parts, open: openInline }), {
      code: 'FLINK_SNAPSHOT_CORRUPT',
    })
  })
})
