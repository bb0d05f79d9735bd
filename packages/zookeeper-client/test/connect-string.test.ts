import { InvalidConnectStringError, parseConnectString } from '@flink-ts/zookeeper-client'
import fc from 'fast-check'
import t from 'tap'

t.test('parseConnectString: names of servers, their ports and the path behind them', async (t) => {
  const cases: readonly (readonly [string, ReturnType<typeof parseConnectString>])[] = [
    ['localhost', { servers: [{ host: 'localhost', port: 2181 }], chroot: undefined }],
    [
      'zk-1.example:2181, zk_2:2182 ,10.0.0.1:1',
      {
        servers: [
          { host: 'zk-1.example', port: 2181 },
          { host: 'zk_2', port: 2182 },
          { host: '10.0.0.1', port: 1 },
        ],
        chroot: undefined,
      },
    ],
    ['a:1,a:1', { servers: [{ host: 'a', port: 1 }], chroot: undefined }],
    ['a:1/', { servers: [{ host: 'a', port: 1 }], chroot: undefined }],
    [
      'a:1,b/x/y',
      {
        servers: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2181 },
        ],
        chroot: '/x/y',
      },
    ],
    [
      '[::1]:2183,[fe80::1%eth0]',
      {
        servers: [
          { host: '::1', port: 2183 },
          { host: 'fe80::1%eth0', port: 2181 },
        ],
        chroot: undefined,
      },
    ],
  ]
  for (const [text, parsed] of cases) t.same(parseConnectString(text), parsed, text)
})

t.test('parseConnectString: what is none is refused with the part that is wrong', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /no host is named/],
    [' ', /no host is named/],
    ['/x', /no host is named/],
    ['a:1,,b:1', /nothing between two commas/],
    ['a:1,', /nothing between two commas, or at an end/],
    ['a:1;b:1', /separated by ','/],
    ['a:0', /'0' of 'a:0' is no port from 1 to 65535/],
    ['a:65536', /'65536'/],
    ['a:x', /'x' of 'a:x' is no port/],
    ['a:', /'' of 'a:' is no port/],
    [':2181', /'' is no name/],
    ['a b:1', /'a b' is no name/],
    ['http://a:1', /it is a URL/],
    ['::1:2181', /brackets/],
    ['a:1/x//y', /path '\/x\/\/y' behind the hosts is wrong: it has an empty name/],
    ['a:1/x/', /ends with/],
    ['a:1/../y', /'\.\.'/],
  ]
  for (const [text, message] of cases) {
    t.throws(
      () => parseConnectString(text),
      { code: 'FLINK_ZOOKEEPER_CONNECT_STRING', message, connectString: text },
      `'${text}'`,
    )
  }
})

t.test('parseConnectString: nothing but its own error, whatever the text', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9:.,/[\] ]{0,20}$/)), (text) => {
      try {
        return parseConnectString(text).servers.length > 0
      } catch (error) {
        return error instanceof InvalidConnectStringError
      }
    }),
  )
})
