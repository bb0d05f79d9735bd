/**
 * Tarjan's components of more than one node. Iterative: a chain of regions may be longer than the
 * call stack allows.
 */
export function stronglyConnectedComponents(
  successors: ReadonlyMap<number, ReadonlySet<number>>,
): number[][] {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const open: number[] = []
  const isOpen = new Set<number>()
  const components: number[][] = []

  for (const start of successors.keys()) {
    if (order.has(start)) continue
    const path = [enter(start)]
    while (path.length > 0) {
      const { node, rest } = path.at(-1)!
      const next = rest.next()
      if (next.done !== true) {
        if (!order.has(next.value)) path.push(enter(next.value))
        else if (isOpen.has(next.value)) lower(node, order.get(next.value)!)
        continue
      }
      path.pop()
      const caller = path.at(-1)
      if (caller !== undefined) lower(caller.node, low.get(node)!)
      if (low.get(node) === order.get(node)) closeComponent(node)
    }
  }
  return components

  function enter(node: number): { node: number; rest: Iterator<number, undefined> } {
    order.set(node, order.size)
    low.set(node, order.get(node)!)
    open.push(node)
    isOpen.add(node)
    return { node, rest: (successors.get(node) ?? new Set<number>()).values() }
  }

  function lower(node: number, value: number): void {
    low.set(node, Math.min(low.get(node)!, value))
  }

  function closeComponent(root: number): void {
    const component: number[] = []
    for (;;) {
      const node = open.pop()!
      isOpen.delete(node)
      component.push(node)
      if (node === root) break
    }
    if (component.length > 1) components.push(component)
  }
}
