import assert from 'node:assert/strict'
import {
  bytes,
  refused,
  startClient,
  textAt,
  type ZooKeeperPromise,
} from './zookeeper-under-test.js'

/** Of nodes, their numbers, and transactions. */
export const zooKeeperNodeContract: readonly ZooKeeperPromise[] = [
  {
    promise: 'a new node has its data, and a stat that says so',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      assert.equal(await client.create(path, bytes('hello')), path)
      const { data, stat } = await client.getData(path)
      assert.equal(Buffer.from(data).toString(), 'hello')
      const { czxid, mzxid, ...rest } = stat
      assert.ok(Number.isSafeInteger(czxid) && czxid > 0)
      assert.equal(mzxid, czxid)
      assert.deepEqual(rest, {
        version: 0,
        cversion: 0,
        numChildren: 0,
        dataLength: 5,
        ephemeralOwner: undefined,
      })
      assert.deepEqual(await client.exists(path), stat)
      await client.create(`${test.root}/empty`, new Uint8Array())
      assert.equal(await textAt(client, `${test.root}/empty`), '')
      assert.equal(await client.exists(`${test.root}/none`), undefined)
    },
  },
  {
    promise: 'what cannot be created is refused, with the reason',
    async run(test) {
      const { client } = startClient(test)
      await client.create(`${test.root}/n`, bytes(''))
      await refused(client.create(`${test.root}/n`, bytes('')), 'node-exists', {
        path: `${test.root}/n`,
      })
      await refused(client.create(`${test.root}/no/n`, bytes('')), 'no-node')
      for (const path of ['n', `${test.root}/n/`, `${test.root}//n`, `${test.root}/../n`, '']) {
        await refused(client.create(path, bytes('')), 'bad-arguments')
        await refused(client.getData(path), 'bad-arguments')
      }
      await client.create(`${test.root}/e`, bytes(''), { ephemeral: true })
      await refused(client.create(`${test.root}/e/n`, bytes('')), 'no-children-for-ephemerals')
    },
  },
  {
    promise:
      'sequential nodes have ten digits, higher with each node below their parent, also when all are gone',
    async run(test) {
      const { client } = startClient(test)
      const options = { sequential: true }
      const first = await client.create(`${test.root}/s-`, bytes(''), options)
      assert.match(first, /\/s-\d{10}$/)
      await client.create(`${test.root}/other`, bytes(''))
      const second = await client.create(`${test.root}/s-`, bytes(''), options)
      assert.ok(second > first)
      await client.remove(first, -1)
      await client.remove(second, -1)
      const third = await client.create(`${test.root}/s-`, bytes(''), {
        ...options,
        ephemeral: true,
      })
      assert.ok(third > second)
      assert.equal((await client.exists(third))!.ephemeralOwner, client.sessionId)
    },
  },
  {
    promise: 'data changes with the right version, 0 means 0, and -1 means any',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes('a'))
      const { czxid } = (await client.exists(path))!
      const first = await client.setData(path, bytes('bc'), 0)
      assert.deepEqual([first.version, first.czxid, first.dataLength], [1, czxid, 2])
      assert.ok(first.mzxid > czxid)
      await refused(client.setData(path, bytes('x'), 0), 'bad-version')
      await refused(client.remove(path, 0), 'bad-version')
      const second = await client.setData(path, bytes('d'), -1)
      assert.equal(second.version, 2)
      assert.ok(second.mzxid > first.mzxid)
      assert.equal(await textAt(client, path), 'd')
      await refused(client.setData(`${test.root}/no`, bytes('x'), -1), 'no-node')
    },
  },
  {
    promise: 'a node is removed with the right version and without children',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes(''))
      await client.create(`${path}/c`, bytes(''))
      await refused(client.remove(path, 0), 'not-empty')
      await client.remove(`${path}/c`, 0)
      const { version, cversion, numChildren } = (await client.exists(path))!
      assert.deepEqual([version, cversion, numChildren], [0, 2, 0])
      await client.remove(path, 0)
      await refused(client.remove(path, -1), 'no-node')
      await refused(client.getData(path), 'no-node')
      await refused(client.getChildren(path), 'no-node')
    },
  },
  {
    promise: 'a node that was removed and created again has numbers that were never there',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes(''))
      const changed = await client.setData(path, bytes('x'), 0)
      await client.remove(path, -1)
      await other.client.create(path, bytes(''))
      const { czxid, mzxid, version } = (await client.exists(path))!
      assert.equal(version, 0)
      assert.ok(czxid > changed.mzxid && mzxid > changed.mzxid)
    },
  },
  {
    promise: 'names below a node are sorted',
    async run(test) {
      const { client } = startClient(test)
      for (const name of ['b', 'c', 'a']) await client.create(`${test.root}/${name}`, bytes(''))
      const { children, stat } = await client.getChildren(test.root)
      assert.deepEqual(children, ['a', 'b', 'c'])
      assert.deepEqual([stat.numChildren, stat.cversion], [3, 3])
    },
  },
  {
    promise: 'parents are created, and trees removed, as often as one likes',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/a/b/c`
      await client.createRecursive(path)
      await client.createRecursive(path)
      await Promise.all([1, 2, 3].map(() => client.createRecursive(`${test.root}/x/y`)))
      await client.create(`${path}/d`, bytes('1'))
      await client.removeRecursive(`${test.root}/a`)
      await client.removeRecursive(`${test.root}/a`)
      assert.deepEqual((await client.getChildren(test.root)).children, ['x'])
    },
  },
  {
    promise: 'calls are carried out in the order in which they were made',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      const ended: number[] = []
      const created = client.create(path, bytes('0'))
      const changes = Array.from({ length: 50 }, (_, i) =>
        client.setData(path, bytes(`${i + 1}`), i).then(() => void ended.push(i)),
      )
      const read = textAt(client, path)
      const removed = client.remove(path, 50)
      await Promise.all([created, ...changes, removed])
      assert.equal(await read, '50')
      assert.deepEqual(
        ended,
        Array.from({ length: 50 }, (_, i) => i),
      )
    },
  },
  {
    promise: 'a transaction does all its steps as one, and later steps see earlier ones',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      await client.create(`${test.root}/old`, bytes(''))
      const results = await client.multi([
        { type: 'check', path: `${test.root}/old`, version: 0 },
        { type: 'create', path, data: bytes('a') },
        { type: 'create', path: `${path}/c-`, data: bytes(''), sequential: true, ephemeral: true },
        { type: 'set-data', path, data: bytes('b'), version: 0 },
        { type: 'remove', path: `${test.root}/old`, version: -1 },
      ])
      assert.deepEqual(
        results.map(({ type }) => type),
        ['check', 'create', 'create', 'set-data', 'remove'],
      )
      const [, , sequential, changed] = results
      assert(sequential?.type === 'create' && changed?.type === 'set-data')
      assert.equal(sequential.path, `${path}/c-0000000000`)
      assert.equal(changed.stat.version, 1)
      assert.equal(changed.stat.mzxid, changed.stat.czxid)
      const child = (await client.exists(sequential.path))!
      assert.equal(child.czxid, changed.stat.czxid)
      assert.equal(child.ephemeralOwner, client.sessionId)
      assert.deepEqual((await client.getChildren(test.root)).children, ['n'])
      assert.equal(await textAt(client, path), 'b')
    },
  },
  {
    promise: 'a transaction with a step that is refused does nothing, and says which step it was',
    async run(test) {
      const { client } = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes('a'))
      await client.setData(path, bytes('b'), 0)
      const create = { type: 'create', path: `${test.root}/new`, data: bytes('') } as const
      const set = { type: 'set-data', path, data: bytes('c'), version: -1 } as const
      const check = { type: 'check', path, version: 0 } as const
      const at = (operationIndex: number) => ({ operationIndex })
      // Version 0 is 0: a stale check of it must not pass.
      await refused(client.multi([create, set, check]), 'bad-version', { path, ...at(2) })
      await refused(
        client.multi([{ ...check, path: `${path}/no`, version: -1 }, create]),
        'no-node',
        at(0),
      )
      await refused(client.multi([create, { ...set, version: 0 }]), 'bad-version', at(1))
      await refused(
        client.multi([create, { type: 'remove', path, version: 0 }]),
        'bad-version',
        at(1),
      )
      await refused(client.multi([create, { ...create, path }]), 'node-exists', at(1))
      await refused(client.multi([create, { ...create, path: `${path}/no/n` }]), 'no-node', at(1))
      await refused(
        client.multi([
          { ...create, path: `${path}/c` },
          { type: 'remove', path, version: -1 },
        ]),
        'not-empty',
        at(1),
      )
      assert.deepEqual((await client.getChildren(test.root)).children, ['n'])
      assert.equal(await textAt(client, path), 'b')
      const { version, numChildren } = (await client.exists(path))!
      assert.deepEqual([version, numChildren], [1, 0])
      await client.multi([{ ...check, version: 1 }, create, { ...check, version: -1 }])
      assert.ok(await client.exists(create.path))
    },
  },
  {
    promise: 'what is handed over is copied at the call',
    async run(test) {
      const { client } = startClient(test)
      const data = bytes('abc')
      const created = client.create(`${test.root}/n`, data)
      data.fill(0)
      await created
      assert.equal(await textAt(client, `${test.root}/n`), 'abc')
    },
  },
  {
    promise: 'nodes of a creator are for nobody else',
    async run(test) {
      const authorization = { scheme: 'digest', credentials: 'user:password' }
      const { client } = startClient(test, { authorization, acl: 'creator' })
      const same = startClient(test, { authorization, acl: 'creator' })
      const other = startClient(test)
      const path = `${test.root}/n`
      await client.create(path, bytes('secret'))
      assert.equal(await textAt(same.client, path), 'secret')
      await refused(other.client.getData(path), 'no-auth')
      await refused(other.client.getChildren(path), 'no-auth')
      await refused(other.client.setData(path, bytes('x'), -1), 'no-auth')
      await refused(other.client.create(`${path}/c`, bytes('x')), 'no-auth')
      await refused(
        other.client.multi([{ type: 'set-data', path, data: bytes('x'), version: -1 }]),
        'no-auth',
        { operationIndex: 0 },
      )
      assert.equal((await same.client.setData(path, bytes('x'), 0)).version, 1)
    },
  },
]
