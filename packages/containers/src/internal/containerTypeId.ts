/** Apart from `Container`, whose functions need the service that makes handles. */
export const ContainerTypeId: unique symbol = Symbol.for("@ociman/containers/Container")
