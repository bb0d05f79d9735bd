import type { Offer, TakenResource } from '@flink-ts/mesos-client'
import type { OfferTakerSeam } from '../../dist/framework/framework-term.js'
import type { OfferTaker, PlacementRequest } from '../../dist/offers/placement.js'

/** Puts each task on the first machine with room, one at a time; keeps what it gets until somebody wants something. */
export function greedyOfferTaker({ call, place }: OfferTakerSeam): OfferTaker {
  const waiting = new Map<string, PlacementRequest>()
  const held = new Map<string, Offer>()
  const tell = (said: Promise<unknown>) => said.catch(() => {})
  let isConnected = false
  const match = () => {
    for (const request of waiting.values()) {
      const offer = [...held.values()].find((offer) => fits(offer, request))
      if (offer === undefined) continue
      held.delete(offer.id)
      waiting.delete(request.taskId)
      const resources = taken(offer, request)
      const tasks = [{ taskId: request.taskId, resources, ports: {} }]
      place({ offers: [offer], tasks }).then(
        (launch) => tell(call({ type: 'ACCEPT', offerIds: [offer.id], launch, refuseSeconds: 0 })),
        () => {},
      )
    }
  }
  return {
    connected() {
      isConnected = true
      held.clear()
    },
    disconnected() {
      isConnected = false
      held.clear()
    },
    offersReceived(offers) {
      for (const offer of offers) held.set(offer.id, offer)
      match()
    },
    offerRescinded: (id) => void held.delete(id),
    agentLost(agentId) {
      for (const { id, agentId: of } of [...held.values()]) if (of === agentId) held.delete(id)
    },
    request(request) {
      waiting.set(request.taskId, request)
      if (isConnected) match()
    },
    withdraw: (taskId) => void waiting.delete(taskId),
    close() {
      waiting.clear()
      held.clear()
    },
  }
}

function amounts({ needs }: PlacementRequest): readonly (readonly [string, number])[] {
  return [
    ['cpus', needs.cpus],
    ['mem', needs.memoryMb],
  ]
}

function fits(offer: Offer, request: PlacementRequest): boolean {
  if (request.blockedHosts.has(offer.hostname)) return false
  return amounts(request).every(([name, amount]) => {
    const resource = offer.resources.find((resource) => resource.name === name)
    return (resource?.scalar ?? 0) >= amount
  })
}

function taken(offer: Offer, request: PlacementRequest): TakenResource[] {
  return amounts(request).flatMap(([name, scalar]) => {
    const resource = offer.resources.find((resource) => resource.name === name)
    return resource === undefined ? [] : [{ name, scalar, from: resource.wire }]
  })
}
