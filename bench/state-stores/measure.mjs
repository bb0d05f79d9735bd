// One store in a process of its own: `node measure.mjs STORE DIRECTORY [KEYS] [VALUE_BYTES] [MEMORY_MIB]`.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'

const [name, directory, keysText = '2000000', valueText = '100', memoryText = '64'] =
  process.argv.slice(2)
const [keys, valueBytes, memoryMib] = [Number(keysText), Number(valueText), Number(memoryText)]
const BATCH = 1000
const KEY_GROUPS = 128

rmSync(directory, { recursive: true, force: true })
await mkdir(directory, { recursive: true })
const { default: open } = await import(`./stores/${name}.mjs`)
const store = await open(directory, { memoryBytes: memoryMib * 1024 ** 2 })

let seed = 42
const random = (bound) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return Math.floor((seed / 2 ** 32) * bound)
}
const keyOf = (i) => {
  const key = Buffer.allocUnsafe(14)
  key.writeUInt16BE((Math.imul(i, 0x9e3779b1) >>> 0) % KEY_GROUPS)
  key[2] = 0
  key[3] = 5
  key.write(i.toString().padStart(10, '0'), 4, 'latin1')
  return key
}
const filler = Buffer.alloc(valueBytes * 1024)
for (let i = 0; i < filler.length; i += 4) filler.writeUInt32LE(random(2 ** 32), i)
const someValue = () => {
  const at = random(1023 * valueBytes)
  return filler.subarray(at, at + valueBytes)
}
/** Visits every number below `keys` once, in an order that the store does not like. */
const shuffled = (i) => (i * 1_000_003) % keys

const results = {}
const phase = async (title, operations, run) => {
  const [started, cpu] = [process.hrtime.bigint(), process.cpuUsage()]
  await run()
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  const used = process.cpuUsage(cpu)
  results[title] = {
    perSecond: Math.round(operations / seconds),
    cpuMicroseconds: +((used.user + used.system) / operations).toFixed(2),
  }
}
const hasValue = (value) => {
  if (value?.length !== valueBytes) throw new Error(`a value of ${value?.length} bytes was read`)
}

await phase('load', keys, async () => {
  for (let i = 0; i < keys; i += BATCH) {
    const entries = []
    for (let j = i; j < Math.min(keys, i + BATCH); j++)
      entries.push([keyOf(shuffled(j)), someValue()])
    await store.write(entries)
  }
})
const points = Math.min(keys, 500_000)
await phase('read at random', points, () => {
  for (let i = 0; i < points; i++) hasValue(store.get(keyOf(random(keys))))
})
await phase('read hot (1 %)', points, () => {
  for (let i = 0; i < points; i++) hasValue(store.get(keyOf(random(keys / 100))))
})
await phase('read absent', points, () => {
  for (let i = 0; i < points; i++) store.get(keyOf(keys + random(keys)))
})
await phase('read, then write', points, async () => {
  let entries = []
  for (let i = 0; i < points; i++) {
    const key = keyOf(random(keys))
    hasValue(store.get(key))
    entries.push([key, someValue()])
    if (entries.length === BATCH) {
      await store.write(entries)
      entries = []
    }
  }
})
let seen = 0
await phase('scan in order', keys, async () => {
  for await (const [, value] of store.scan(Buffer.from([0, 0]), Buffer.from([0xff, 0xff]))) {
    hasValue(value)
    seen++
  }
})
if (seen !== keys) throw new Error(`${seen} keys were scanned, there are ${keys}`)

/** What a backup that knows files by name and content must upload. */
const filesOf = () => {
  const files = new Map()
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath ?? entry.path}/${entry.name}`
    if (!entry.isFile()) continue
    try {
      files.set(path, {
        size: statSync(path).size,
        hash: createHash('sha1').update(readFileSync(path)).digest('hex'),
      })
    } catch (error) {
      // A compaction in the background may remove files meanwhile.
      if (error.code !== 'ENOENT') throw error
    }
  }
  return files
}
await store.flush?.()
const before = filesOf()
const changed = keys / 100
for (let i = 0; i < changed; i += BATCH) {
  const entries = []
  for (let j = 0; j < BATCH; j++) entries.push([keyOf(random(keys)), someValue()])
  await store.write(entries)
}
await store.flush?.()
let [upload, total] = [0, 0]
for (const [path, { size, hash }] of filesOf()) {
  total += size
  if (before.get(path)?.hash !== hash) upload += size
}
const status = readFileSync('/proc/self/status', 'utf8')
const mib = (field) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) / 1024)
results.memory = {
  budgetMib: memoryMib,
  peakRssMib: mib('VmHWM'),
  rssAnonMib: mib('RssAnon'),
  rssFileMib: mib('RssFile'),
}
results.disk = {
  dataMib: Math.round((keys * (14 + valueBytes)) / 1024 ** 2),
  diskMib: Math.round(total / 1024 ** 2),
  changedMib: +((changed * (14 + valueBytes)) / 1024 ** 2).toFixed(1),
  uploadAfterOnePercentMib: Math.round(upload / 1024 ** 2),
}
results.isSyncWrite = store.isSyncWrite
await store.close()
process.stdout.write(`${JSON.stringify({ store: name, keys, valueBytes, ...results })}\n`)
rmSync(directory, { recursive: true, force: true })
