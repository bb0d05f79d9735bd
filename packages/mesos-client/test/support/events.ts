export const value = (text: string) => ({ value: text })
export const removed = { type: 'ERROR', error: { message: 'Framework has been removed' } }
export const rescind = (offer: string) => ({ type: 'RESCIND', rescind: { offer_id: value(offer) } })
