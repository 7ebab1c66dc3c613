import * as Digest from "@ociman/oci/Digest"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Engine from "../../Engine.js"
import * as Transfer from "../../Transfer.js"

/**
 * Classification of engine messages. For most conditions, an English sentence is
 * the only signal of an engine; the client runs with `LC_ALL=C`. If a sentence
 * could also come from a program in a container, the caller verifies the
 * condition.
 *
 * @internal
 */

const conditions = {
  // docker: "Cannot connect to the Docker daemon at …", "error during connect: …", "unexpected EOF"
  // podman-remote: "Cannot connect to Podman …", "unable to connect to Podman socket: …"
  unavailable:
    /cannot connect to (?:the docker daemon|podman)|unable to connect to podman|error during connect|failed to connect to the docker api|connection refused|connection reset by peer|unexpected EOF|: EOF$|is the docker daemon running|error waiting for container|error from daemon in stream/im,
  permissionDenied:
    /permission denied while trying to connect|connect: permission denied|dial unix .*: permission denied/i,
  // docker: "Error response from daemon: No such container: x", "Error: No such object: x"
  // podman: "no container with name or ID "x" found: no such container", "no such object"
  noSuchContainer: /no such container|no container with name or id|no such object|container .* does not exist/i,
  // docker: "Conflict. The container name "/x" is already in use by container …"
  // podman: "the container name "x" is already in use by …"
  // podman 5, for a rename: "… UNIQUE constraint failed: ContainerConfig.Name"
  // networks, docker: "network with name x already exists"; podman: "network name x already used"
  // volumes, docker, with another driver: "volume name must be unique"; podman: "volume with name x already exists"
  nameInUse:
    /name "?\/?[^"\s]+"? (?:is )?already in use|(?:network|volume) with name \S+ already exists|volume already exists|network name \S+ already used|volume name must be unique|UNIQUE constraint failed: \w+\.Name/i,
  // docker: "network x not found", "No such network: x"; podman: "unable to find network with name or ID x: …"
  noSuchNetwork:
    /network "?([\w.-]+)"? not found|no such network:? "?([\w.-]+)|unable to find network with name or ID ([\w.-]+)/i,
  // docker: "get x: no such volume"; podman: "no such volume x", "no volume with name "x" found: no such volume"
  noSuchVolume: /no such volume/i,
  // networks, docker: "network x id … has active endpoints"; podman: "… has associated containers with it"
  // volumes, docker: "volume is in use - […]"; podman: "volume x is being used by the following container(s): …"
  resourceInUse: /has active endpoints|has associated containers|volume is in use|is being used/i,
  // docker: "Pool overlaps with other one on this address space", "networks have overlapping IPv4"
  // podman: "subnet x is already used on the host or by another config"
  subnetOverlaps: /pool overlaps with other one|networks have overlapping|subnet \S+ is already used/i,
  // docker: "could not find an available, non-overlapping IPv4 address pool …", "all predefined address pools have been
  // fully subnetted"; podman: "could not find free subnet from subnet pools"
  subnetsExhausted:
    /non-overlapping IPv[46] address pool|address pools have been fully subnetted|could not find free subnet/i,
  // docker, for a forced disconnection of a container
  noSuchEndpoint: /endpoint \S+ not found/i,
  notConnected: /is not connected to/i,
  // docker create --pull never: "Unable to find image 'x' locally", "No such image: x"
  // podman create --pull never: "x: image not known"; registries: "manifest unknown", "not found"
  noSuchImage:
    /no such image|unable to find image|image not known|manifest unknown|manifest for .* not found|repository does not exist|repository .* not found|name unknown|reading manifest .* (?:manifest|name) unknown|no such object|not found: does not exist or no pull access/i,
  // docker with the store of containerd: "failed to resolve reference "x:1": x:1: not found"
  notInContainerd: /failed to resolve reference "([^"\n]+)": \1: not found$/im,
  // podman, for a registry whose errors are not those of the distribution specification
  notInRegistry: /HTTP 404 response body|StatusCode: 404/,
  // docker push: "An image does not exist locally with the tag: x", "tag does not exist: x:1"; podman: "image not known"
  notOnEngine: /image does not exist locally|tag does not exist|image not known|no such image|no such object/i,
  // Registries send the error codes of the distribution specification; a proxy before them sends a status only.
  // docker: "Error response from daemon: toomanyrequests: …"; podman: "reading manifest … toomanyrequests: …",
  // "429 (Too Many Requests)", "pinging container registry …: too many requests to registry"
  // docker with the store of containerd: "unexpected status from HEAD request to http://…: 429 Too Many Requests",
  // "error from registry: You have reached your unauthenticated pull rate limit. …"
  tooManyRequests:
    /(?:^|: )toomanyrequests(?::|$)|too many requests to registry|HTTP 429 response body|StatusCode: 429|429 \(?Too Many Requests|pull rate limit/im,
  // docker: "denied", "pull access denied for x, repository does not exist or may require 'docker login': denied: …"
  // podman: "reading manifest … denied: requested access to the resource is denied", "403 (Forbidden)"
  // docker with the store of containerd: "pull access denied, repository does not exist or may require authorization:
  // server message: insufficient_scope: authorization failed"
  denied:
    /(?:^|: )denied(?::|$)|pull access denied for|insufficient_scope|requested access to the resource is denied|HTTP 403 response body|StatusCode: 403|403 \(?Forbidden/im,
  // docker: "no basic auth credentials", "unauthorized: authentication required", "unauthorized: incorrect username or password"
  // podman: "unauthorized: …", "unable to retrieve auth token: invalid username/password: unauthorized: …"
  // docker with the store of containerd: "push access denied, repository does not exist or may require authorization:
  // authorization failed: no basic auth credentials", "unexpected status from HEAD request to http://…: 401 Unauthorized"
  unauthorized:
    /(?:^|: )unauthorized(?::|$)|no basic auth credentials|authorization failed|authentication required|invalid username\/password|HTTP 401 response body|StatusCode: 401|401 \(?Unauthorized/im,
  // docker with the store of containerd, for a registry with error messages of its own. Before it has a manifest it
  // reads the body of a 403 response only.
  // https://github.com/containerd/containerd/blob/v2.4.2/core/remotes/docker/resolver.go
  refusedInWords: /error from registry: /i,
  // docker: "Get "https://x/v2/": dial tcp: lookup x: no such host"; podman: "pinging container registry x: Get …"
  unreachable:
    /dial tcp|no such host|connection refused|connection reset|i\/o timeout|network is unreachable|no route to host|TLS handshake|x509:|tls: |server gave HTTP response to HTTPS client|Client\.Timeout|context deadline exceeded|pinging container registry|\/v2\/[^"]*": (?:EOF|http:|net\/http:|unexpected EOF)/i,
  // docker: "Bind for 127.0.0.1:8080 failed: port is already allocated", "listen tcp4 …: bind: address already in use"
  // docker from 28 on: "failed to bind host port 127.0.0.1:8080/tcp: address already in use", "failed to bind host port
  // for 127.0.0.1:8080:172.17.0.2:80/tcp: address already in use"
  // podman: "cannot listen on the TCP port: listen tcp4 …: bind: address already in use", rootlessport likewise
  // podman from 5 on, without root: "pasta failed with exit code 1: Failed to bind port 8080 (Address already in use)"
  // "Address already in use" alone is docker's message for an IP address in a network.
  portTaken:
    /port is already allocated|bind: address already in use|failed to bind host port (?:for )?\S+ address already in use|failed to bind port \d+ \(address already in use\)|ports are not available/i,
  // podman from 5 on, without root; the port may still be held by the last run of the same container
  pastaPortTaken: /failed to bind port \d+ \(address already in use\)/i,
  notRunning:
    /container .* is not running|is paused, unpause the container|can only create exec sessions on running containers|container state improper|is restarting, wait until|cannot exec (?:in|a container that has) a? ?stopped/i,
  // docker: "Could not find the file /x in container y", "No such container:path: y:/x", "lstat …/x: not a directory"
  // podman: ""/x" could not be found on container y: no such file or directory"
  // podman, for a path that it finds and then cannot copy: "copier: get: copied no items: no such file or directory", and
  // for a link in a volume of a container that does not run "* no such file or directory"
  pathNotFound:
    /could not find the file|no such container:path|could not be found on container|: not a directory$|copied no items|^[ \t]*\* no such file or directory$/im,
  // docker: "destination "y:/x" must be a directory"; podman: "destination must be a directory when copying from stdin"
  destinationIsNoDirectory: /destination (?:"[^\n]*" )?must be a directory/i,
  // docker: "container rootfs is marked read-only", "mounted volume is marked read-only"; podman: "read-only file system"
  readOnly: /is marked read-only|read-only file system/i,
  // docker: "cannot overwrite non-directory "/x" with directory"; podman: "error creating file at "/x": … file exists";
  // below a dangling link: "error creating "/link/x": … no such file or directory"
  inTheWay:
    /cannot overwrite (?:non-)?directory|error (?:creating|checking directory) .*: (?:file exists|no such file or directory)/i,
  // both, for a file over which another one is mounted: "unlinkat /etc/hosts: device or resource busy"
  mountedOver: /unlinkat \S+: device or resource busy/i,
  // docker: "archive/tar: invalid tar header", "unexpected EOF"; podman: "source must be a (compressed) tar archive"
  invalidArchive: /archive\/tar: |processing tar file.*unexpected EOF|source must be a \(compressed\) tar archive/i,
  // podman without root, with cgroups v1
  cannotMeasure: /stats is not supported in rootless mode/i,
  conflict:
    /is not connected to|already exists in network|is already connected to|is not running|can only be used on running containers|is not paused|is already paused|container state improper|cannot remove a running container|cannot remove container \S+ container is (?:running|paused)|you cannot remove a (?:running|paused) container|running or paused containers cannot be removed|unpause the container|can only kill running containers|cannot start a paused container|conflict: unable to (?:remove|delete)|image is in use by a container|unable to delete image .* with more than one tag/i,
  // Messages in which the missing or forbidden path is not the command: "chdir to cwd ("/x") set in config.json failed:
  // no such file or directory", "error mounting "/x" to rootfs at "/y": … permission denied", "error setting rlimit
  // type 6: operation not permitted: OCI permission denied"
  notTheCommand: /chdir to|error mounting|mounting .* to rootfs|setting rlimit|starting setns process/i,
  commandNotFound: /executable file not found|no such file or directory|command that was not found/i,
  notExecutable: /permission denied|exec format error|is a directory/i,
  // A file system that is still mounted shortly after an interrupted start.
  busy: /device or resource busy/i,
  // podman, for an image that is removed during a listing: "locating image with ID "…": image not known",
  // "locating item named "manifest" for image with ID "…": file does not exist", "…: layer not known"
  listingDisturbed: /locating (?:image|item named) .*ID|image not known|layer not known|file does not exist/i,
  // podman, for an existing image, while another process writes: "reading image "…": locating image with ID "…"",
  // "locating item named "manifest" for image with ID "…" (…): file does not exist"
  imageDisturbed: /reading image .*locating image with ID|locating item named "manifest" for image .*not exist/i,
  // podman before version 4.8, whose processes may hide each other's mounts
  // (https://github.com/containers/storage/pull/1724): "mounting storage for container …: lstat …/merged: no such file …"
  mountHidden: /mounting storage for container .*\/merged: no such file or directory/i,
  // podman likewise, for a copy into a container that does not run: ""/" could not be found on container …"
  rootHidden: /"\/" could not be found on container/i,
  // docker with the store of containerd, for content that a concurrent prune of images has removed: a prune ends the
  // leases of all operations that write into the store. "failed commit on ref "sha256:…": commit failed: lease does not
  // exist: not found", "failed commit on ref "…": … no such file or directory", "failed to export layer: … content digest sha256:…:
  // not found", "parent snapshot sha256:… does not exist: not found", for a build "unable to find image "sha256:…""
  // https://github.com/moby/moby/blob/docker-v29.4.0/daemon/containerd/image_prune.go
  // podman load, for a layer that a concurrent removal of images has removed: "committing the finished image: creating
  // image "…": layer not known"
  disturbedByPrune:
    /committing the finished image: creating image .*: layer not known|lease (?:"[^"\n]*":? )?(?:does not exist|not found)|failed commit on ref .*(?:no such file or directory|not found)|content digest \S+ not found|snapshot \S+ does not exist|^unable to find image "sha256:/im,
  // docker with the store of containerd, classic builder: "failed to restore cached image from …"
  cacheUnusable: /failed to restore cached image/i,
  // podman, for an image that is removed during the lookup of cached steps: "checking if cached image exists from
  // a previous build: getting top layer info: layer not known"
  cacheDisturbed: /checking if cached image exists from a previous build: .*(?:image|layer) not known/i,
  // docker, also for a prune whose lease another one has ended: "NotFound: lease "670368187-1N5h": not found"
  pruneRunning: /a prune operation is already running|lease "[^"\n]*": not found/i,
  // podman without root, with cgroups v1
  cannotPause: /can ?not pause containers on rootless/i,
  // docker, classic builder: "DEPRECATED: The legacy builder is deprecated …" and the lines that follow
  builderNotice:
    /^DEPRECATED: The legacy builder|^ {12}(?:Install the buildx component|BuildKit is currently disabled|environment-variable|https:\/\/docs\.docker\.com\/go\/buildx)/i,
  removalInProgress: /removal of container .* is already in progress|container .* is being removed/i,
  // Prefixes of a runtime's error; docker writes it to standard output, podman to standard error
  runtime:
    /^(?:Error: |Error response from daemon: )?(?:OCI runtime|runc:|crun:|\S+: exec failed|unable to find user|.*unable to start container process|.*failed to create (?:task|shim))/im
} as const

/** @internal */
export type Condition = keyof typeof conditions

/**
 * Name of the network that a message reports as missing.
 *
 * @internal
 */
export const missingNetwork = (text: string): string | undefined =>
  conditions.noSuchNetwork.exec(text)?.slice(1).find((name) => name !== undefined)

/**
 * Reports whether a message has a condition.
 *
 * @internal
 */
export const matches = (text: string, condition: Condition): boolean => conditions[condition].test(text)

/**
 * Reports whether a line of progress is an error of the engine.
 *
 * @internal
 */
export const isErrorLine = (line: string): boolean => /^(?:error|error response from daemon|fatal): /i.test(line)

/**
 * Reports whether the whole output of a client is an error of an engine that
 * refused to run a command. Docker's clients exit with 1, 126 or 127, Podman's
 * with 125 to 127 or 255.
 *
 * docker: "Error response from daemon: Container x is paused, unpause the container before exec"
 * docker 20.10, on standard output: "OCI runtime exec failed: exec failed: …: executable file not found in $PATH: unknown",
 * "unable to find user x: no matching entries in passwd file"
 * podman: "Error: can only create exec sessions on running containers: container state improper"
 *
 * @internal
 */
export const isExecRefusal = (client: Engine.Name, { exitCode, stderr, stdout }: ExecOutput): boolean =>
  client === "podman"
    ? podmanRefusal.test(stderr) && stdout === "" && (exitCode === 255 || exitCode >= 125 && exitCode <= 127)
    : dockerRefusal.test(stderr) && stdout === "" && (exitCode === 1 || exitCode === 126 || exitCode === 127) ||
      runtimeRefusal.test(stdout) && stderr === "" && exitCode >= 126 && exitCode <= 128 ||
      stoppedContainer.test(stdout) && missingExec.test(stderr) && exitCode === 1

interface ExecOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

// From client 28 on, for a container that stopped before the command started: "unable to upgrade to tcp, received 409".
const dockerRefusal =
  /^(?:Error response from daemon: |Error: No such container: |OCI runtime exec failed: |unable to upgrade to tcp, )[^\n]+\n?$/
// Docker 29, for a container that stopped while the command was about to start.
const stoppedContainer = /^container [0-9a-f]{64} is not running\n?$/
const missingExec = /^Error response from daemon: No such exec instance: [0-9a-f]{64}\n?$/
const runtimeRefusal = /^(?:OCI runtime exec failed: |unable to find user |cannot exec in a )[^\n]+\n?$/
// The second line is Podman's failure to read from a process that did not start.
const podmanRefusal = /^Error: [^\n]+(?:\nError: read unixpacket [^\n]+)?\n?$/

const statuses: ReadonlyArray<readonly [RegExp, Transfer.Status]> = [
  [/^(?:pulling fs layer|waiting|preparing)$/i, "Waiting"],
  [/^(?:downloading|pushing|verifying checksum)/i, "Transferring"],
  [/^download complete$/i, "Transferred"],
  [/^extracting/i, "Extracting"],
  [/^(?:pull complete|pushed)$/i, "Done"],
  [/^(?:already exists|layer already exists|mounted from)/i, "Exists"],
  [/^retrying in/i, "Retrying"]
]

// "3cff3bb8848c: Pull complete"
const dockerLayer = /^([0-9a-f]{12}): (.+)$/

// "Copying blob sha256:3cff… done", of later versions "Copying blob 3cff… skipped: already exists"
const podmanLayer = /^Copying blob (?:sha256:)?([0-9a-f]{12,64})\b(.*)$/

// "Digest: sha256:…" of a pull, "1.0: digest: sha256:… size: 528" of a push
const manifestDigest = /^(?:Digest: |\S+: digest: )(sha256:[0-9a-f]{64})\b/

/**
 * Parses a line of progress of a pull or push; none if it has an unknown format.
 *
 * @internal
 */
export const transferEvent = (line: string): Option.Option<Transfer.Event> => {
  const [, layer, words = ""] = dockerLayer.exec(line) ?? []
  if (layer !== undefined) {
    return Option.map(
      Option.fromNullable(statuses.find(([pattern]) => pattern.test(words))),
      ([_, status]) => Transfer.layer(layer, status)
    )
  }
  const [, blob, rest = ""] = podmanLayer.exec(line) ?? []
  if (blob !== undefined) {
    const status = /already exists/.test(rest) ? "Exists" : /done/.test(rest) ? "Done" : "Transferring"
    return Option.some(Transfer.layer(blob.length === 64 ? `sha256:${blob}` : blob, status))
  }
  return Option.map(
    Option.flatMap(Option.fromNullable(manifestDigest.exec(line)?.[1]), (text) => Either.getRight(Digest.parse(text))),
    Transfer.digest
  )
}

/**
 * Names or ids of loaded images: "Loaded image: alpine:3.20", "Loaded image ID:
 * sha256:…" for an image without a name, and "Loaded image(s): a:1,b:1" of old
 * versions of Podman.
 *
 * @internal
 */
export const loadedNames = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/^Loaded image(?: ID|\(s\))?: (.+)$/gm)).flatMap(([_, names = ""]) =>
    names.split(",").map((name) => name.trim()).filter((name) => name !== "")
  )

/**
 * Ids of removed images: "deleted: sha256:…" of Docker, the id alone of Podman.
 *
 * @internal
 */
export const removedIds = (text: string): ReadonlyArray<Digest.Digest> =>
  Array.from(text.matchAll(/^(?:deleted: )?(?:sha256:)?([0-9a-f]{64})$/gim)).flatMap(([_, digits]) =>
    Option.toArray(Either.getRight(Digest.parse(`sha256:${digits}`)))
  )
