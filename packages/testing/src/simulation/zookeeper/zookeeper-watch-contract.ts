import assert from 'node:assert/strict'
import type { ZooKeeperClient, ZooKeeperWatchEvent } from '@flink-ts/zookeeper-client'
import {
  bytes,
  refused,
  startClient,
  textAt,
  type ZooKeeperPromise,
} from './zookeeper-under-test.js'

/** Everything that `client` has been told is told when this is done. */
async function hearAll(client: ZooKeeperClient, root: string): Promise<void> {
  await client.exists(root)
}

/** Of watches, while the connection stands. */
export const zooKeeperWatchContract: readonly ZooKeeperPromise[] = [
  {
    promise: 'a watch tells of the first change, once',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      const path = `${test.root}/n`
      const told: ZooKeeperWatchEvent[] = []
      await client.exists(path, (event) => void told.push(event))
      await other.client.create(path, bytes('a'))
      await hearAll(client, test.root)
      assert.deepEqual(told.splice(0), [{ type: 'created', path }])
      await client.getData(path, (event) => void told.push(event))
      await other.client.setData(path, bytes('b'), 0)
      await other.client.setData(path, bytes('c'), 1)
      await hearAll(client, test.root)
      assert.deepEqual(told.splice(0), [{ type: 'data-changed', path }])
      await client.exists(path, (event) => void told.push(event))
      await other.client.remove(path, -1)
      await other.client.create(path, bytes(''))
      await hearAll(client, test.root)
      assert.deepEqual(told, [{ type: 'deleted', path }])
    },
  },
  {
    promise:
      'a watch of names tells when one comes or goes or the node itself goes, and of nothing else',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      const path = `${test.root}/n`
      await other.client.create(path, bytes(''))
      const told: ZooKeeperWatchEvent[] = []
      const watch = () => client.getChildren(path, (event) => void told.push(event))
      const expectTold = async (type: ZooKeeperWatchEvent['type']) => {
        await hearAll(client, test.root)
        assert.deepEqual(told.splice(0), [{ type, path }])
      }
      await watch()
      await other.client.setData(path, bytes('x'), 0)
      await hearAll(client, test.root)
      assert.deepEqual(told, [])
      await other.client.create(`${path}/c`, bytes(''))
      await expectTold('children-changed')
      await watch()
      await other.client.create(`${path}/c/deep`, bytes(''))
      await other.client.setData(`${path}/c`, bytes('x'), 0)
      await hearAll(client, test.root)
      assert.deepEqual(told, [])
      await other.client.remove(`${path}/c/deep`, 0)
      await other.client.remove(`${path}/c`, 1)
      await expectTold('children-changed')
      await watch()
      await other.client.remove(path, -1)
      await expectTold('deleted')
    },
  },
  {
    promise: 'a watch tells before the answer that shows the change, also of own changes',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes('0'))
      let told = 0
      for (let i = 1; i <= 20; i++) {
        await client.getData(path, () => void told++)
        const changed = other.client.setData(path, bytes(`${i}`), -1)
        for (;;) {
          const isChanged = (await textAt(client, path)) === `${i}`
          assert.equal(told, isChanged ? i : told)
          if (isChanged) break
        }
        await changed
      }
      await client.getData(path, () => void told++)
      await client.setData(path, bytes('own'), -1)
      assert.equal(told, 21)
    },
  },
  {
    promise: 'all watchers of a node are told, each once, whatever they asked',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes(''))
      const told: string[] = []
      await client.getData(path, ({ type }) => void told.push(`data ${type}`))
      await client.exists(path, ({ type }) => void told.push(`exists ${type}`))
      await client.getChildren(path, ({ type }) => void told.push(`children ${type}`))
      await client.getChildren(test.root, ({ type }) => void told.push(`parent ${type}`))
      await client.remove(path, -1)
      await hearAll(client, test.root)
      assert.deepEqual(told.sort(), [
        'children deleted',
        'data deleted',
        'exists deleted',
        'parent children-changed',
      ])
    },
  },
  {
    promise: 'what is refused sets no watch, and what a transaction does not do tells of nothing',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      const told: ZooKeeperWatchEvent[] = []
      const watcher = (event: ZooKeeperWatchEvent) => void told.push(event)
      await refused(client.getData(path, watcher), 'no-node')
      await refused(client.getChildren(path, watcher), 'no-node')
      await client.create(path, bytes(''))
      await client.getChildren(path, watcher)
      await client.getData(path, watcher)
      await refused(
        client.multi([
          { type: 'create', path: `${path}/c`, data: bytes('') },
          { type: 'set-data', path, data: bytes('x'), version: 7 },
        ]),
        'bad-version',
      )
      await hearAll(client, test.root)
      assert.deepEqual(told, [])
    },
  },
]
