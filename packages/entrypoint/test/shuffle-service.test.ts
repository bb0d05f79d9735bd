import { networkShuffleService, type ShuffleServiceFactory } from '@flink-ts/network'
import t from 'tap'

// Not exported by the package.
const { loadShuffleService } = (await import(
  new URL('../dist/shuffle/load-shuffle-service.js', import.meta.url).href
)) as { loadShuffleService(name: string): Promise<ShuffleServiceFactory> }

const moduleOf = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`

t.test('loadShuffleService loads the network, or what a module exports', async (t) => {
  t.equal(await loadShuffleService('network'), networkShuffleService)
  const loaded = await loadShuffleService(moduleOf('export const shuffleService = { mine: true }'))
  t.same(loaded, { mine: true })
})

t.test('loadShuffleService names the module that is missing, or that is none', async (t) => {
  const code = 'FLINK_ILLEGAL_CONFIGURATION'
  await t.rejects(loadShuffleService('celeborn'), {
    code,
    message: /@flink-ts\/shuffle-celeborn.*'shuffle-service: celeborn'.*install it/s,
  })
  await t.rejects(loadShuffleService(moduleOf('export const other = 1')), {
    code,
    message: /exports no shuffleService/,
  })
})
