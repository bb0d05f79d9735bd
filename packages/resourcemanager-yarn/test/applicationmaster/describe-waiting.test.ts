import t from 'tap'
import {
  describeWaiting,
  isShort,
  type WaitingFacts,
} from '../../dist/applicationmaster/describe-waiting.js'

const size = (memoryMb: number, vcores = 1, others: Record<string, number> = {}) => ({
  memoryMb,
  vcores,
  others,
})

const FACTS: WaitingFacts = {
  queue: 'root.default',
  nodeLabel: undefined,
  countsAll: true,
  availableResources: size(4096, 4),
  excludedHosts: [],
}

t.test('describeWaiting names what is too little, by the figures of YARN', async (t) => {
  const waiting = [{ capability: size(1024, 8, { 'yarn.io/gpu': 2 }), count: 3 }]
  const facts = { ...FACTS, availableResources: size(4096, 4, { 'yarn.io/gpu': 1, fpga: 3 }) }
  t.equal(
    describeWaiting(waiting, facts),
    "YARN gives no container of 1024 MB, 8 vcores, yarn.io/gpu 2 (3 wanted) in queue 'root.default'; it says that the application may still get 4096 MB, 4 vcores, yarn.io/gpu 1: too little vcores and yarn.io/gpu for one, unless YARN already keeps a place for it on a node",
  )
  t.ok(isShort(waiting, facts))
})

t.test('describeWaiting says nothing of cores where YARN counts memory only', async (t) => {
  // What a CapacityScheduler with the DefaultResourceCalculator answers when its cores are overbooked.
  const facts = { ...FACTS, countsAll: false, availableResources: size(384, -4) }
  const fits = [{ capability: size(300), count: 1 }]
  t.equal(
    describeWaiting(fits, facts),
    "YARN gives no container of 300 MB, 1 vcores (1 wanted) in queue 'root.default'; it says that the application may still get 384 MB: no node may have as much free, or others come first",
  )
  t.notOk(isShort(fits, facts))
})

t.test('describeWaiting draws no conclusions from what YARN does not say', async (t) => {
  const waiting = [{ capability: size(8192), count: 1 }]
  const silent = { ...FACTS, queue: undefined, availableResources: undefined }
  t.equal(
    describeWaiting(waiting, silent),
    'YARN gives no container of 8192 MB, 1 vcores (1 wanted), and does not say why',
  )
  t.notOk(isShort(waiting, silent))
  const labelled = { ...FACTS, nodeLabel: 'gpu' }
  t.match(
    describeWaiting(waiting, labelled),
    /with label 'gpu' in .* may still get 4096 MB, 4 vcores$/,
  )
  t.notOk(isShort(waiting, labelled), 'the figure may be one of all nodes')
})

t.test('describeWaiting is bounded', async (t) => {
  const waiting = Array.from({ length: 10 }, (_, n) => ({ capability: size(9000 + n), count: 1 }))
  const excludedHosts = Array.from({ length: 12 }, (_, n) => `n${n}`)
  const text = describeWaiting(waiting, { ...FACTS, excludedHosts })
  t.match(text, /excluded nodes: n0, n1, n2, n3, n4 and 7 more$/)
  t.equal(text.split('YARN gives').length, 4)
})
