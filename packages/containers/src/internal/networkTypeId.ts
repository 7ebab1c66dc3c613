/** Apart from `Network`, whose functions need the service that makes handles. */
export const NetworkTypeId: unique symbol = Symbol.for("@ociman/containers/Network")
