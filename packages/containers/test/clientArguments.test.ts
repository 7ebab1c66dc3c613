import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  CliBackend,
  ContainerName,
  Definition,
  Device,
  Engine,
  Exec,
  HealthCheck,
  Mount,
  Port,
  RestartPolicy,
  Ulimit,
  User
} from "@ociman/containers"
import { Option, Redacted } from "effect"
import { commitArguments } from "../src/internal/cli/containerCommit.js"
import { encodeEnvironment } from "../src/internal/cli/environment.js"

const engine = (client: Engine.Name, apiVersion: string, remoteHost?: string): Engine.Engine<Engine.Cli> => ({
  name: client,
  transport: {
    _tag: "Cli",
    client,
    executable: client,
    version: "dev",
    apiVersion: Option.getOrThrow(Engine.parseVersion(apiVersion))
  },
  version: "dev",
  apiVersion: Option.getOrThrow(Engine.parseVersion(apiVersion)),
  capabilities: Engine.allCapabilities,
  rootless: false,
  endpoint: Option.none(),
  context: Option.none(),
  remoteHost: Option.fromNullable(remoteHost)
})

const docker = engine("docker", "1.50")
const podman = engine("podman", "4.3.1")
const image = "example.com/app:1"
const name = ContainerName.make("box")

/** Arguments between the fixed ones and the image. */
const flags = (engine: Engine.Engine<Engine.Cli>, change: (self: Definition.Definition) => Definition.Definition) => {
  const args = CliBackend.createArguments(engine, change(Definition.make(image)), name)
  deepStrictEqual(args.slice(0, 6), ["container", "create", "--pull", "never", "--name", "box"])
  strictEqual(args.at(-1), image)
  return args.slice(6, -1)
}

const both: ReadonlyArray<
  readonly [string, (self: Definition.Definition) => Definition.Definition, ReadonlyArray<string>]
> = [
  ["nothing", (self) => self, []],
  ["autoRemove", Definition.autoRemove, ["--rm"]],
  ["tty", Definition.tty, ["--tty"]],
  ["interactive", Definition.interactive, ["--interactive"]],
  ["init", Definition.init, ["--init"]],
  ["restartPolicy", Definition.restartPolicy(RestartPolicy.onFailure(3)), ["--restart", "on-failure:3"]],
  ["stopSignal", Definition.stopSignal("SIGINT"), ["--stop-signal", "SIGINT"]],
  ["stopTimeout, rounded up", Definition.stopTimeout("1500 millis"), ["--stop-timeout", "2"]],
  ["no healthCheck", Definition.healthCheck(HealthCheck.disabled), ["--no-healthcheck"]],
  [
    "healthCheck",
    Definition.healthCheck(HealthCheck.make("curl -f localhost", { interval: "5 seconds", retries: 2 })),
    ["--health-cmd", "curl -f localhost", "--health-interval", "5s", "--health-retries", "2"]
  ],
  ["logDriver", Definition.logDriver("local", { "max-size": "1m" }), [
    "--log-driver",
    "local",
    "--log-opt",
    "max-size=1m"
  ]],
  ["env by name only", Definition.env({ TOKEN: Redacted.make("s3cret"), A: "1" }), ["--env", "A", "--env", "TOKEN"]],
  ["labels in order", Definition.label({ b: "2", a: "1 = one" }), ["--label", "a=1 = one", "--label", "b=2"]],
  ["publish on loopback", Definition.publish(Port.tcp(80), Port.udp(53)), [
    "--publish",
    "127.0.0.1::80/tcp",
    "--publish",
    "127.0.0.1::53/udp"
  ]],
  ["publish on the given address", Definition.publish(Port.tcp(80, { hostIp: "0.0.0.0", hostPort: 8080 })), [
    "--publish",
    "0.0.0.0:8080:80/tcp"
  ]],
  ["network", (self) => Definition.network(self, "net").pipe(Definition.networkAlias("a", "b")), [
    "--network",
    "net",
    "--network-alias",
    "a",
    "--network-alias",
    "b"
  ]],
  ["hostname", Definition.hostname("db"), ["--hostname", "db"]],
  ["extraHost", Definition.extraHost("db.local", "10.0.0.1"), ["--add-host", "db.local:10.0.0.1"]],
  ["dns", Definition.dns("1.1.1.1", "8.8.8.8"), ["--dns", "1.1.1.1", "--dns", "8.8.8.8"]],
  ["volume", Definition.mount(Mount.volume({ source: "data", target: "/data", readOnly: true })), [
    "--mount",
    "type=volume,source=data,target=/data,ro"
  ]],
  ["memory", Definition.memory("512m"), ["--memory", "536870912"]],
  ["cpus", Definition.cpus(0.5), ["--cpus", "0.5"]],
  ["sharedMemory", Definition.sharedMemory(1024), ["--shm-size", "1024"]],
  ["ulimit", Definition.ulimit(Ulimit.make("nofile", 1024, 2048)), ["--ulimit", "nofile=1024:2048"]],
  ["device", Definition.device(Device.make("/dev/fuse")), ["--device", "/dev/fuse"]],
  ["privileged", Definition.privileged, ["--privileged"]],
  ["readOnlyRoot", Definition.readOnlyRoot, ["--read-only"]],
  ["capabilities", (self) => Definition.addCapability(self, "NET_ADMIN").pipe(Definition.dropCapability("ALL")), [
    "--cap-add",
    "NET_ADMIN",
    "--cap-drop",
    "ALL"
  ]],
  ["securityOption", Definition.securityOption("no-new-privileges"), ["--security-opt", "no-new-privileges"]],
  ["platform", Definition.platform("linux/arm64"), ["--platform", "linux/arm64"]],
  ["user", Definition.user(User.ids(1234, 5678)), ["--user", "1234:5678"]],
  ["workingDirectory", Definition.workingDirectory("/srv"), ["--workdir", "/srv"]],
  ["an empty entrypoint", Definition.entrypoint(), ["--entrypoint", ""]],
  ["rawFlags last", (self) => Definition.rawFlags(self, "--gpus", "all").pipe(Definition.user("1")), [
    "--user",
    "1",
    "--gpus",
    "all"
  ]]
]

describe("the arguments of a client", () => {
  describe.each([["docker", docker], ["podman", podman]])("of %s", (_, engine) => {
    it.each(both)("contain the flags of %s", (_, change, expected) => {
      deepStrictEqual(flags(engine, change), expected)
    })
  })

  it("describe the same tmpfs to each engine", () => {
    const tmpfs = Definition.mount(Mount.tmpfs({ target: "/scratch" }))
    deepStrictEqual(flags(docker, tmpfs), ["--mount", "type=tmpfs,target=/scratch"])
    deepStrictEqual(flags(podman, tmpfs), ["--mount", "type=tmpfs,target=/scratch,notmpcopyup,noexec"])
  })

  it("have the entrypoint before and the command after the image", () => {
    const definition = Definition.make(image).pipe(
      Definition.entrypoint("sh", "-c"),
      Definition.command("echo hi"),
      Definition.append("--rm")
    )
    deepStrictEqual(
      CliBackend.createArguments(docker, definition, name).slice(6),
      ["--entrypoint", "sh", image, "-c", "echo hi", "--rm"]
    )
  })

  it("publish ports on all addresses of a remote engine", () => {
    const remote = engine("docker", "1.50", "build.example.com")
    deepStrictEqual(flags(remote, Definition.publish(Port.tcp(80))), ["--publish", "80/tcp"])
  })

  it("omit --pull for a client that does not support it", () => {
    const args = CliBackend.createArguments(engine("docker", "1.39"), Definition.make(image), name)
    assert.notInclude(args, "--pull")
  })

  it("contain all options of an exec", () => {
    const exec = Exec.make("env", "-0").pipe(
      Exec.tty,
      Exec.interactive,
      Exec.user("app"),
      Exec.workingDirectory("/tmp"),
      Exec.env("TOKEN", Redacted.make("s3cret"))
    )
    deepStrictEqual(CliBackend.execArguments("box", exec), [
      ...["container", "exec", "--tty", "--interactive", "--user", "app", "--workdir", "/tmp", "--env", "TOKEN"],
      ...["box", "env", "-0"]
    ])
  })

  it.each(
    [
      ["docker", "1.50", true, []],
      ["docker", "1.51", false, ["--pause=false"]],
      ["docker", "1.52", false, ["--no-pause"]],
      ["podman", "4.3.1", true, ["--pause"]],
      ["podman", "4.3.1", false, []]
    ] as const
  )("select the pause flag of a commit by %s %s with pause %s", (client, version, pause, expected) => {
    deepStrictEqual(commitArguments(engine(client, version), { pause }), expected)
  })
})

describe("an environment variable", () => {
  const variables = (record: Record<string, string | Redacted.Redacted<string>>) =>
    encodeEnvironment(Definition.make(image).pipe(Definition.env(record)).environment)

  it("is passed as a variable of the client, with any value", () => {
    const value = "a b\n\"c\" = $d\r\n"
    deepStrictEqual(
      variables({ VALUE: value, SECRET: Redacted.make("s") }).pipe(Option.getRight),
      Option.some({
        names: ["SECRET", "VALUE"],
        variables: { SECRET: "s", VALUE: value },
        fileLines: []
      })
    )
  })

  it("is rejected if its line in a file would exceed the limit of the clients", () => {
    const longest = "x".repeat(65_534 - "HTTP_PROXY=".length)
    deepStrictEqual(
      Option.map(variables({ HTTP_PROXY: longest }).pipe(Option.getRight), ({ fileLines }) => fileLines),
      Option.some([`HTTP_PROXY=${longest}`])
    )
    for (const value of [`${longest}x`, "é".repeat(33_000)]) {
      deepStrictEqual(variables({ HTTP_PROXY: value }).pipe(Option.getLeft), Option.some("HTTP_PROXY"))
    }
  })

  it.each([
    ["PATH", "/bin"],
    ["HOME", "/root"],
    ["DOCKER_HOST", "tcp://dind:2375"],
    ["HTTPS_PROXY", "http://proxy"],
    ["no_proxy", "*"],
    ["LC_ALL", "de_DE"],
    ["XDG_RUNTIME_DIR", "/run"],
    ["LD_PRELOAD", "x.so"],
    ["CONTAINER_HOST", "ssh://a"],
    ["SSL_CERT_FILE", "/a"],
    ["GODEBUG", "x=1"]
  ])("is passed in a file if it affects the client: %s", (name, value) => {
    deepStrictEqual(
      variables({ [name]: value }).pipe(Option.getRight),
      Option.some({
        names: [],
        variables: {},
        fileLines: [`${name}=${value}`]
      })
    )
  })

  it.each(["GOOGLE_CREDENTIALS", "GO_VERSION", "PATHS", "HOMEPAGE", "POSTGRES_PASSWORD", "OCI_KEY", "CI"])(
    "is passed as a variable if its name only resembles one of the client: %s",
    (name) => {
      deepStrictEqual(
        variables({ [name]: "1\n2" }).pipe(Option.getRight, Option.map(({ names }) => names)),
        Option.some([name])
      )
    }
  )

  it("is rejected if neither a variable nor a file can hold it", () => {
    deepStrictEqual(
      variables({ DOCKER_AUTH_CONFIG: "{\n}" }).pipe(Option.getLeft),
      Option.some("DOCKER_AUTH_CONFIG")
    )
  })
})
