import { RegistryKey } from "../../Repository.js"

/** Lists the keys whose credentials apply to a key, most specific first: itself, each parent path, the registry. */
export const applicableKeys = ({ host, path }: RegistryKey): ReadonlyArray<RegistryKey> => {
  const components = path === "" ? [] : path.split("/")
  return Array.from(
    { length: components.length + 1 },
    (_, i) => new RegistryKey({ host, path: components.slice(0, components.length - i).join("/") })
  )
}
