import type { BarrierAlignment, CheckpointBarrier } from '@flink-ts/network'
import fc from 'fast-check'
import t from 'tap'
import { BarrierAligner } from '../../../dist/taskmanager/checkpoint/barrier-aligner.js'

function barrier(id: number, alignment: BarrierAlignment = 'ALIGNED'): CheckpointBarrier {
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId: BigInt(id),
    timestampMs: 0,
    snapshotType: 'CHECKPOINT',
    alignment,
    alignedTimeoutMs: 0,
  }
}

/** An aligner whose channels are flags; `log` has what it did. */
function world(channels: number, start: (id: bigint) => void | Promise<void> = () => {}) {
  const log: string[] = []
  const blocked = new Set<number>()
  const aligner = new BarrierAligner(channels, {
    block: (channel) => void blocked.add(channel),
    resumeAll: () => blocked.clear(),
    begin: ({ checkpointId }) => log.push(`begin ${checkpointId}`),
    start: ({ checkpointId }) => {
      log.push(`start ${checkpointId}`)
      return start(checkpointId)
    },
    arrived: ({ checkpointId }, channel) => log.push(`arrived ${checkpointId} on ${channel}`),
    allArrived: (checkpointId) => log.push(`all arrived ${checkpointId}`),
    abort: (checkpointId, reason) => log.push(`abort ${checkpointId} ${reason ?? 'known'}`),
  })
  return { aligner, log, blocked }
}

const SUBSUMED = 'CHECKPOINT_DECLINED_SUBSUMED'
const CANCELLED = 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'

t.test('BarrierAligner blocks channels until the last barrier is there', async (t) => {
  const { aligner, log, blocked } = world(3)
  aligner.onBarrier(barrier(1), 0)
  aligner.onBarrier(barrier(1), 2)
  t.same([...blocked], [0, 2])
  t.same(log, ['begin 1'])
  aligner.onBarrier(barrier(1), 1)
  t.same(log, ['begin 1', 'start 1'])
  t.same([...blocked], [])
})

t.test('BarrierAligner starts an unaligned checkpoint with its first barrier', async (t) => {
  const { aligner, log, blocked } = world(3)
  aligner.onBarrier(barrier(1, 'UNALIGNED'), 1)
  t.same(log.splice(0), ['begin 1', 'start 1', 'arrived 1 on 1'])
  aligner.onEndOfPartition(2)
  aligner.onBarrier(barrier(1, 'UNALIGNED'), 0)
  t.same(log.splice(0), ['arrived 1 on 0', 'all arrived 1'])
  t.equal(blocked.size, 0)
  aligner.onBarrier(barrier(2, 'UNALIGNED'), 0)
  aligner.onBarrier(barrier(3, 'UNALIGNED'), 1)
  t.same(log, [
    ...['begin 2', 'start 2', 'arrived 2 on 0', `abort 2 ${SUBSUMED}`],
    ...['begin 3', 'start 3', 'arrived 3 on 1'],
  ])
})

t.test('BarrierAligner gives up waiting: an aligned checkpoint starts unaligned', async (t) => {
  const { aligner, log, blocked } = world(3)
  aligner.onTimeout(1n)
  aligner.onBarrier(barrier(1), 0)
  t.same([...blocked], [0])
  aligner.onTimeout(1n)
  t.same(log.splice(0), ['begin 1', 'start 1', 'arrived 1 on 0'])
  t.equal(blocked.size, 0)
  aligner.onTimeout(1n)
  aligner.onBarrier(barrier(1), 1)
  t.same(log.splice(0), ['arrived 1 on 1'], 'one that came in its place is not waited with')
  t.equal(blocked.size, 0)
  aligner.onBarrier(barrier(1, 'UNALIGNED'), 1)
  t.same(log.splice(0), [], 'both forms of a barrier count once')
  aligner.onBarrier(barrier(1, 'UNALIGNED'), 2)
  t.same(log.splice(0), ['arrived 1 on 2', 'all arrived 1'])
  aligner.onBarrier(barrier(1), 2)
  t.same(log, [])
})

t.test(
  'BarrierAligner starts an aligned checkpoint with the first barrier that overtakes',
  async (t) => {
    const { aligner, log, blocked } = world(3)
    aligner.onBarrier(barrier(1), 0)
    aligner.onBarrier(barrier(1, 'UNALIGNED'), 2)
    t.same(log.splice(0), ['begin 1', 'start 1', 'arrived 1 on 0', 'arrived 1 on 2'])
    t.equal(blocked.size, 0)
    aligner.onEndOfPartition(1)
    t.same(log.splice(0), ['all arrived 1'])
    aligner.onBarrier(barrier(2), 0)
    aligner.onBarrier(barrier(2, 'UNALIGNED'), 2)
    t.same(
      log,
      ['begin 2', 'start 2', 'arrived 2 on 0', 'arrived 2 on 2', 'all arrived 2'],
      'the last one is behind records, too',
    )
  },
)

t.test(
  'BarrierAligner blocks nothing before the start of an at-least-once checkpoint',
  async (t) => {
    let blockedAtStart = 0
    const { aligner, log, blocked } = world(2, () => {
      blockedAtStart = blocked.size
    })
    aligner.onBarrier(barrier(1, 'AT_LEAST_ONCE'), 0)
    aligner.onBarrier(barrier(2, 'AT_LEAST_ONCE'), 0)
    t.same([...blocked], [])
    aligner.onBarrier(barrier(1, 'AT_LEAST_ONCE'), 1)
    t.same(log, ['begin 1', 'begin 2', 'start 1'], 'the later one aborts nothing')
    aligner.onBarrier(barrier(2, 'AT_LEAST_ONCE'), 1)
    t.equal(log.at(-1), 'start 2')
    t.equal(blockedAtStart, 2)
  },
)

t.test(
  'BarrierAligner keeps all channels blocked while the synchronous part is a promise',
  async (t) => {
    let finish = () => {}
    const { aligner, blocked } = world(
      2,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    aligner.onBarrier(barrier(1), 0)
    aligner.onBarrier(barrier(1), 1)
    t.equal(blocked.size, 2)
    finish()
    await new Promise(setImmediate)
    t.equal(blocked.size, 0)
  },
)

t.test(
  'BarrierAligner counts a channel that has ended as one that brought every barrier',
  async (t) => {
    const { aligner, log, blocked } = world(2)
    aligner.onBarrier(barrier(1), 0)
    aligner.onEndOfPartition(1)
    t.same(log, ['begin 1', 'start 1'])
    aligner.onBarrier(barrier(2), 0)
    t.equal(log.at(-1), 'start 2')
    t.equal(blocked.size, 0)
  },
)

t.test(
  'BarrierAligner gives up what a newer barrier has passed, and drops its late barriers',
  async (t) => {
    const { aligner, log, blocked } = world(2)
    aligner.onBarrier(barrier(1), 0)
    aligner.onBarrier(barrier(2), 1)
    t.same(log, ['begin 1', `abort 1 ${SUBSUMED}`, 'begin 2'])
    t.same([...blocked], [1])
    aligner.onBarrier(barrier(2), 0)
    t.equal(log.at(-1), 'start 2')
    aligner.onBarrier(barrier(1), 1)
    t.equal(log.at(-1), 'start 2')
  },
)

t.test(
  'BarrierAligner passes a cancellation on once, of the present and of a later checkpoint',
  async (t) => {
    const { aligner, log, blocked } = world(2)
    aligner.onBarrier(barrier(1), 0)
    aligner.onCancel(1n, 1)
    t.same(log, ['begin 1', `abort 1 ${CANCELLED}`])
    t.equal(blocked.size, 0)
    aligner.onCancel(2n, 0)
    aligner.onCancel(2n, 1)
    aligner.onBarrier(barrier(2), 1)
    t.same(log.slice(2), [`abort 2 ${CANCELLED}`])
  },
)

t.test('BarrierAligner does not begin what the coordinator has aborted before', async (t) => {
  const { aligner, log } = world(1)
  aligner.onAborted(2n)
  aligner.onBarrier(barrier(1), 0)
  aligner.onBarrier(barrier(2), 0)
  aligner.onBarrier(barrier(3), 0)
  t.same(log, ['begin 1', 'start 1', 'abort 2 known', 'begin 3', 'start 3'])
  aligner.onAborted(3n)
  t.equal(log.at(-1), 'start 3', 'what has started is not its affair')
})

t.test(
  'BarrierAligner starts at once where there is no input, and at their ends where barriers will not come',
  async (t) => {
    const source = world(0)
    source.aligner.onTrigger(barrier(1))
    source.aligner.onTrigger(barrier(1))
    t.same(source.log, ['begin 1', 'start 1'])
    const last = world(2)
    last.aligner.onTrigger(barrier(1))
    last.aligner.onEndOfPartition(0)
    t.same(last.log, ['begin 1'])
    t.equal(last.blocked.size, 0)
    last.aligner.onEndOfPartition(1)
    t.equal(last.log.at(-1), 'start 1')
  },
)

type Item = 'record' | { readonly barrier: number } | { readonly cancel: number }

/** What one channel brings: records, and for each of the ids a barrier, a cancellation or nothing; then its end. */
const channelItems = fc
  .array(fc.record({ what: fc.constantFrom('barrier', 'cancel', 'nothing'), records: fc.nat(3) }), {
    minLength: 5,
    maxLength: 5,
  })
  .map((steps) =>
    steps.flatMap(({ what, records }, i): Item[] => [
      ...Array.from({ length: records }, (): Item => 'record'),
      ...(what === 'barrier' ? [{ barrier: i + 1 }] : []),
      ...(what === 'cancel' ? [{ cancel: i + 1 }] : []),
    ]),
  )

t.test(
  'BarrierAligner cuts every channel exactly at its barrier, whatever comes in whatever order',
  async () => {
    fc.assert(
      fc.property(
        fc.array(channelItems, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 200 }),
        fc.constantFrom<BarrierAlignment>('ALIGNED', 'AT_LEAST_ONCE'),
        (channels, choices, alignment) => {
          const processed = channels.map(() => 0)
          const position = channels.map(() => 0)
          const before = (channel: number, id: number) => {
            const items = channels[channel]!
            const at = items.findIndex(
              (item) => typeof item === 'object' && 'barrier' in item && item.barrier === id,
            )
            return items.slice(0, at < 0 ? undefined : at).filter((item) => item === 'record')
              .length
          }
          let last = 0n
          const { aligner, log, blocked } = world(channels.length, (id) => {
            if (id <= last) throw new Error(`${id} starts after ${last}`)
            last = id
            for (const [channel, count] of processed.entries()) {
              const expected = before(channel, Number(id))
              const isRight = alignment === 'ALIGNED' ? count === expected : count >= expected
              if (!isRight)
                throw new Error(`${id}: channel ${channel} has ${count}, not ${expected}`)
            }
          })
          const left = () =>
            channels.flatMap((items, i) => (position[i]! <= items.length ? [i] : []))
          for (let turn = 0; left().length > 0; turn++) {
            const open = left().filter((channel) => !blocked.has(channel))
            if (open.length === 0) throw new Error('all that have something are blocked')
            const channel = open[(choices[turn % Math.max(1, choices.length)] ?? 0) % open.length]!
            const item = channels[channel]![position[channel]!++]
            if (item === undefined) aligner.onEndOfPartition(channel)
            else if (item === 'record') processed[channel]!++
            else if ('barrier' in item) aligner.onBarrier(barrier(item.barrier, alignment), channel)
            else aligner.onCancel(BigInt(item.cancel), channel)
          }
          if (aligner.isAligning || blocked.size > 0) throw new Error('something is left')
          for (let id = 1; id <= 5; id++) {
            const count = (what: string) =>
              log.filter((line) => `${line} `.startsWith(`${what} ${id} `)).length
            const [begun, ended] = [count('begin'), count('start') + count('abort')]
            if (begun > 1 || ended > 1 || (begun === 1 && ended === 0)) {
              throw new Error(`checkpoint ${id}: ${log.join(', ')}`)
            }
            // Every channel has it, or ends without anything that passes it.
            const isWhole = channels.every((items) =>
              items.some(
                (item) => typeof item === 'object' && 'barrier' in item && item.barrier === id,
              ),
            )
            if (isWhole && count('start') === 0)
              throw new Error(`${id} never started: ${log.join(', ')}`)
          }
        },
      ),
      { numRuns: 500 },
    )
  },
)
