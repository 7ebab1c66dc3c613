/** Domain of Docker Hub in references. */
export const domain = "docker.io"

/** Host name of the registry of Docker Hub, which is not its domain in references. */
export const registryHost = "registry-1.docker.io"

/** URL of Docker Hub in Docker's configuration and in credential helpers. */
export const url = "https://index.docker.io/v1/"

const aliases = [domain, "index.docker.io", registryHost]

export const isAlias = (host: string): boolean => aliases.includes(host)

/** Keys of a registry in a credentials file, in order of precedence. */
export const keysOf = (host: string, tool: "docker" | "podman" | "ocipkg"): ReadonlyArray<string> =>
  host !== domain ? [host] : tool === "podman" ? [...aliases, url] : [url, ...aliases]

/**
 * Keys of a registry in the `credHelpers` of a tool, and in requests to the helper. Podman also reads Docker's files,
 * with its own key.
 *
 * https://github.com/docker/cli/blob/v28.2.2/cli/config/configfile/file.go
 * https://github.com/containers/image/blob/v5.36.1/pkg/docker/config/config.go
 */
export const helperKeysOf = (host: string, tool: "docker" | "podman" | "ocipkg"): ReadonlyArray<string> =>
  host !== domain ? [host] : tool === "podman" ? [domain] : [url, domain]
