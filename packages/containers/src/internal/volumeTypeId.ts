/** Apart from `Volume`, whose functions need the service that makes handles. */
export const VolumeTypeId: unique symbol = Symbol.for("@ociman/containers/Volume")
