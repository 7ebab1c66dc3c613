/** How references call Docker Hub. */
export const domain = "docker.io"

/** How Docker calls it in its configuration, and to credential helpers. */
export const url = "https://index.docker.io/v1/"

const aliases = [domain, "index.docker.io", "registry-1.docker.io"]

export const isAlias = (host: string): boolean => aliases.includes(host)

/** What credentials of a registry are kept under, the likeliest first. */
export const keysOf = (host: string, tool: "docker" | "podman" | "ocipkg"): ReadonlyArray<string> =>
  host !== domain ? [host] : tool === "podman" ? [...aliases, url] : [url, ...aliases]

/**
 * What a helper is named for in a file of a tool, and asked by. Podman reads those of Docker, too, by its own key.
 *
 * https://github.com/docker/cli/blob/v28.2.2/cli/config/configfile/file.go
 * https://github.com/containers/image/blob/v5.36.1/pkg/docker/config/config.go
 */
export const helperKeysOf = (host: string, tool: "docker" | "podman" | "ocipkg"): ReadonlyArray<string> =>
  host !== domain ? [host] : tool === "podman" ? [domain] : [url, domain]
