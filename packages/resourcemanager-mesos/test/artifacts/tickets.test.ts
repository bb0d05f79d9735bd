import { ClusterSecret } from '@flink-ts/core/security'
import fc from 'fast-check'
import t from 'tap'
import { parseLaunchSecrets } from '../../dist/artifacts/launch-secrets.js'
import {
  isSameText,
  newNonce,
  newTicket,
  seal,
  ticketId,
  ticketOfSecret,
  ticketProof,
  unseal,
} from '../../dist/artifacts/sealing.js'
import { formatClaim, newClaim, parseClaim } from '../../dist/artifacts/ticket-claim.js'
import { ticketDesk } from '../../dist/artifacts/ticket-desk.js'
import { TicketOffice } from '../../dist/artifacts/ticket-office.js'
import { RecordingLog } from '../support/recording-log.js'

t.test('newTicket and newNonce are as long as they should be, and new each time', async (t) => {
  t.match(newTicket(), /^[0-9a-f]{64}$/)
  t.match(newNonce(), /^[0-9a-f]{32}$/)
  t.equal(new Set(Array.from({ length: 100 }, newTicket)).size, 100)
})

t.test('id and proof tell neither the ticket nor each other', async (t) => {
  const [ticket, nonce] = [newTicket(), newNonce()]
  const shown = [ticketId(ticket), ticketProof(ticket, nonce), ticketProof(ticket, newNonce())]
  t.equal(new Set([...shown, ticket]).size, 4)
  t.equal(ticketProof(ticket, nonce), shown[1])
  t.equal(ticketId('00'.repeat(32)), ticketId('00'.repeat(32)))
})

t.test(
  'unseal opens what was sealed with the ticket for the nonce, and nothing else',
  async (t) => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(255), (content, at, bit) => {
        const [ticket, nonce] = [newTicket(), newNonce()]
        const sealed = seal(ticket, nonce, content)
        if (unseal(ticket, nonce, sealed) !== content) return false
        if (unseal(newTicket(), nonce, sealed) !== undefined) return false
        if (unseal(ticket, newNonce(), sealed) !== undefined) return false
        if (unseal(ticket, nonce, sealed.subarray(0, at % sealed.length)) !== undefined)
          return false
        const changed = Buffer.from(sealed)
        changed[at % sealed.length]! ^= bit || 1
        return unseal(ticket, nonce, changed) === undefined
      }),
    )
    const [ticket, nonce] = [newTicket(), newNonce()]
    t.notMatch(seal(ticket, nonce, 'hush hush').toString('latin1'), 'hush')
    t.notSame(seal(ticket, nonce, 'x'), seal(ticket, nonce, 'x'))
  },
)

t.test('ticketOfSecret is of one task and one secret', async (t) => {
  const [one, other] = [ClusterSecret.random(), ClusterSecret.random()]
  t.match(ticketOfSecret(one, 't1'), /^[0-9a-f]{64}$/)
  t.equal(ticketOfSecret(one, 't1'), ticketOfSecret(one, 't1'))
  t.not(ticketOfSecret(one, 't1'), ticketOfSecret(one, 't2'))
  t.not(ticketOfSecret(one, 't1'), ticketOfSecret(other, 't1'))
})

t.test('isSameText compares texts of any length', async (t) => {
  t.ok(isSameText('ab', 'ab'))
  t.notOk(isSameText('ab', 'ac'))
  t.notOk(isSameText('ab', 'abc'))
  t.ok(isSameText('', ''))
})

t.test('parseClaim reads what formatClaim writes, and nothing else', async (t) => {
  const claim = newClaim(newTicket())
  const header = formatClaim(claim)
  t.same(parseClaim(header), claim)
  const bad = [
    '',
    'Bearer x',
    header.toUpperCase(),
    `${header}0`,
    ` ${header}`,
    header.slice(0, -1),
  ]
  for (const text of [undefined, ...bad]) t.equal(parseClaim(text), undefined, `${text}`)
})

t.test('TicketOffice grants a ticket to one process, again if its answer was lost', async (t) => {
  const office = new TicketOffice()
  const ticket = newTicket()
  office.issue('t1', ticket)
  const claim = newClaim(ticket)
  t.same(office.redeem(claim, 'a'), { kind: 'granted', taskId: 't1', ticket })
  t.same(office.redeem(claim, 'b'), { kind: 'granted', taskId: 't1', ticket })
  t.same(office.redeem(newClaim(ticket), 'c'), { kind: 'used', taskId: 't1', firstUser: 'a' })
  t.match(office.redeem(claim, 'a'), { kind: 'granted' })
})

t.test('TicketOffice refuses whoever does not have the ticket', async (t) => {
  const office = new TicketOffice()
  const ticket = newTicket()
  office.issue('t1', ticket)
  const claim = newClaim(ticket)
  const stranger = newClaim(newTicket())
  t.same(office.redeem(stranger, 'a'), { kind: 'refused' })
  t.same(office.redeem({ ...stranger, id: claim.id }, 'a'), { kind: 'refused' })
  t.same(office.redeem({ ...claim, nonce: newNonce() }, 'a'), { kind: 'refused' })
  t.match(office.redeem(claim, 'a'), { kind: 'granted' }, 'which uses nothing up')
})

t.test('TicketOffice: a ticket is void with the end of its task', async (t) => {
  const office = new TicketOffice()
  const tickets = ['t1', 't2', 't1'].map((taskId) => {
    const ticket = newTicket()
    office.issue(taskId, ticket)
    return ticket
  })
  t.equal(office.size, 2)
  t.same(office.redeem(newClaim(tickets[0]!), 'a'), { kind: 'refused' }, 'of an earlier launch')
  office.revoke('t1')
  office.revoke('t1')
  t.same(office.redeem(newClaim(tickets[2]!), 'a'), { kind: 'refused' })
  t.match(office.redeem(newClaim(tickets[1]!), 'a'), { kind: 'granted' })
  office.revoke('t2')
  t.equal(office.size, 0)
  office.issue('t3', newTicket())
  office.revokeAll()
  t.equal(office.size, 0)
})

t.test('ticketDesk seals the secrets, and tells of what should not be', async (t) => {
  const office = new TicketOffice()
  const log = new RecordingLog()
  const secrets = { configuration: { a: 'hush' }, secret: 's' }
  const desk = ticketDesk({ office, log, secrets: () => secrets })
  const ticket = newTicket()
  office.issue('t1', ticket)
  const claim = newClaim(ticket)
  const { status, body } = desk(formatClaim(claim), '10.0.0.1')
  t.equal(status, 200)
  t.same(parseLaunchSecrets(unseal(ticket, claim.nonce, body)!), secrets)

  for (const peer of ['10.0.0.2', '10.0.0.2', '10.0.0.3']) {
    t.match(desk(formatClaim(newClaim(ticket)), peer), { status: 409, body: { length: 0 } })
  }
  t.match(log.at('error'), [
    { taskId: 't1', peer: '10.0.0.2', firstUser: '10.0.0.1', message: /shown a second time/ },
    { taskId: 't1', peer: '10.0.0.3' },
  ])
  t.equal(log.at('error').length, 2)

  for (let i = 0; i < 3; i++) {
    t.match(desk('Basic x', '10.0.0.4'), { status: 401 })
    t.match(desk(formatClaim(newClaim(newTicket())), '10.0.0.5'), { status: 403 })
  }
  t.same(
    log.at('warn').map(({ peer }) => peer),
    ['10.0.0.4', '10.0.0.5'],
    'each once',
  )
  t.notMatch(JSON.stringify(log.lines), new RegExp(`hush|${ticket}|${claim.proof}`))
})

t.test('parseLaunchSecrets takes what is whole', async (t) => {
  t.same(parseLaunchSecrets('{"configuration":{"a":"b"}}'), { configuration: { a: 'b' } })
  for (const text of ['{}', '{"configuration":3}', '{"configuration":{"a":1}}']) {
    t.equal(parseLaunchSecrets(text), undefined)
  }
})
