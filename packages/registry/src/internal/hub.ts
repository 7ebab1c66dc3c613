/** How references call Docker Hub. */
export const domain = "docker.io"

/** How Docker calls it in its configuration, and to credential helpers. */
export const url = "https://index.docker.io/v1/"

const aliases = [domain, "index.docker.io", "registry-1.docker.io"]

export const isAlias = (host: string): boolean => aliases.includes(host)

/** What credentials of a registry are kept under, the likeliest first. */
export const keysOf = (host: string, tool: "docker" | "podman" | "ocipkg"): ReadonlyArray<string> =>
  host !== domain ? [host] : tool === "podman" ? [...aliases, url] : [url, ...aliases]
