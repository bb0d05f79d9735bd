import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '@flink-ts/core'
import t, { type Test } from 'tap'
import {
  EVENT_TIMER_EVERY,
  elementRow,
  eventTimerRow,
  type JobSize,
  keyOf,
  PROCESSING_TIMER_EVERY,
  processingTimerRow,
} from './expected-rows.js'
import { partFiles, readRows } from './read-output.js'
import { RowChecker } from './row-checker.js'
import { TcpProxy } from './tcp-proxy.js'

const SIZE: JobSize = { count: 1000, keys: 13 }

/** What a job writes that does everything right, whose elements arrived in some order. */
function rightRows(size: JobSize): string[] {
  const random = new SeededRandom(1)
  const order = Array.from({ length: size.count }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.nextInt(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const seen = new Map<string, number>()
  return order.flatMap((element) => {
    const key = keyOf(element, size)
    const nth = (seen.get(key) ?? 0) + 1
    seen.set(key, nth)
    return [
      elementRow(key, nth, element),
      ...(element % PROCESSING_TIMER_EVERY === 0 ? [processingTimerRow(key, element)] : []),
      ...(element % EVENT_TIMER_EVERY === 0 ? [eventTimerRow(key, element)] : []),
    ]
  })
}

function check(rows: readonly string[]) {
  const checker = new RowChecker(SIZE)
  for (const row of rows) checker.add(row)
  return checker.result()
}

t.test('RowChecker: an output that is right', (t) => {
  const rows = rightRows(SIZE)
  t.match(check(rows), { records: rows.length, lost: 0, duplicated: 0, examples: [] })
  t.match(check([]), { records: 0, lost: 2000 + 143 + 200, duplicated: 0 })
  t.end()
})

t.test('RowChecker finds each single row that is lost, repeated, changed or foreign', (t) => {
  const rows = rightRows(SIZE)
  for (const [i, row] of rows.entries()) {
    const facts = row.startsWith('e') ? 2 : 1
    const without = check(rows.toSpliced(i, 1))
    if (without.lost !== facts || without.duplicated !== 0) t.fail(`${row} is not missed`)
    const twice = check([...rows, row])
    if (twice.lost !== 0 || twice.duplicated !== facts) t.fail(`${row} may be there twice`)
  }
  for (const row of [
    '',
    'x',
    'e,k1,1',
    'e,k01,1,1',
    'p,k1,1,1',
    'e,k1,0,1',
    'e,k2,1,1',
    'e,k1,1,1001',
  ]) {
    t.match(check([...rows, row]), { lost: 0, duplicated: 1 }, `foreign: ${row}`)
  }
  t.match(check([...rows, 'p,k1,1', 'v,k1,1', 'e,k1,78,14']), { duplicated: 3 }, 'no such timers')
  t.end()
})

t.test('RowChecker: a count that began anew, or went on from an older one, is found', (t) => {
  const rows = rightRows(SIZE)
  const e = rows.findIndex((row) => /^e,k3,40,/.test(row))
  t.match(check(rows.with(e, rows[e]!.replace(',40,', ',1,'))), { lost: 1, duplicated: 1 })
  t.match(check(rows.with(e, rows[e]!.replace(',40,', ',41,'))), { lost: 1, duplicated: 1 })
  t.end()
})

t.test('RowChecker reads rows of all visible part files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flink-faults-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const rows = rightRows(SIZE)
  mkdirSync(join(folder, 'a'))
  writeFileSync(join(folder, 'a', 'part-1-0'), `${rows.slice(0, 500).join('\n')}\n`)
  writeFileSync(join(folder, 'part-1-1'), `${rows.slice(500).join('\n')}\n`)
  writeFileSync(join(folder, '.part-1-2.inprogress.x'), `${rows.join('\n')}\n`)
  const checker = new RowChecker(SIZE)
  await readRows(folder, (row) => checker.add(row))
  t.match(checker.result(), { records: rows.length, lost: 0, duplicated: 0 })
  t.equal(partFiles(folder, 'hidden').length, 1)
  t.same(partFiles(join(folder, 'nowhere'), 'visible'), [])
})

/** A server that answers what it is sent, behind a proxy. */
async function echoBehindProxy(t: Test) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = await TcpProxy.listen(() => (server.address() as AddressInfo).port)
  t.teardown(async () => {
    await proxy.close()
    await new Promise((resolve) => server.close(resolve))
  })
  const open = () => {
    const socket = connect(proxy.port, '127.0.0.1')
    const state = { socket, received: '', closed: false }
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      state.received += bytes.toString()
    })
    socket.on('close', () => {
      state.closed = true
    })
    t.teardown(() => socket.destroy())
    return state
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return { proxy, open, until }
}

t.test('TcpProxy passes bytes and ends, in order', async (t) => {
  const { proxy, open, until } = await echoBehindProxy(t)
  const connection = open()
  const text = 'a piece of text '.repeat(100_000)
  connection.socket.end(text)
  await until(() => connection.closed)
  t.ok(connection.received === text)
  await until(() => proxy.connections === 0)
})

t.test('TcpProxy delays bytes, keeps them, and lets them go', async (t) => {
  const { proxy, open, until } = await echoBehindProxy(t)
  const connection = open()
  proxy.setMode({ kind: 'delay', ms: 30 })
  const begun = performance.now()
  connection.socket.write('1')
  await until(() => connection.received === '1')
  t.ok(performance.now() - begun >= 55, 'there and back')
  proxy.setMode({ kind: 'stall' })
  connection.socket.write('2')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(connection.received, '1')
  proxy.heal()
  await until(() => connection.received === '12')
})

t.test('TcpProxy breaks and refuses connections', async (t) => {
  const { proxy, open, until } = await echoBehindProxy(t)
  const connection = open()
  connection.socket.write('1')
  await until(() => connection.received === '1')
  proxy.setRefusing(true)
  proxy.breakConnections()
  await until(() => connection.closed)
  const refused = open()
  await until(() => refused.closed)
  proxy.heal()
  const again = open()
  again.socket.write('2')
  await until(() => again.received === '2')
})
