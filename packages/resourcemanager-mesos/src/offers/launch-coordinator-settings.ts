/** An attribute that an agent must have. */
export interface AttributeConstraint {
  readonly attribute: string
  readonly value: string
}

/** What a launch coordinator is told by the configuration. */
export interface LaunchCoordinatorSettings {
  /** Of the framework, for people. */
  readonly roles: readonly string[]
  /** `mesos.constraints.hard.hostattribute`: all of them must hold. */
  readonly constraints: readonly AttributeConstraint[]
  /** `mesos.resourcemanager.network.resource.name` */
  readonly networkResourceName: string
  /** `mesos.resourcemanager.declined-offer-refuse-duration`, also of what is left over when tasks are launched. */
  readonly declinedOfferRefuseMs: number
  /** For how long offers are kept that are not enough for anybody: `mesos.resourcemanager.unused-offer-expiration`. */
  readonly unusedOfferExpirationMs: number
  /** What hinders a request is told to the ResourceManager after so long, so that jobs know before they give up. Default 5 seconds. */
  readonly hintAfterMs?: number
}
