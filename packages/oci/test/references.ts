/** References by rule, for when the vectors are not there. */

const hex = (digits: number): string => "0123456789abcdef".repeat(8).slice(0, digits)

const sha256 = `sha256:${hex(64)}`
const sha512 = `sha512:${hex(128)}`

export interface Valid {
  readonly input: string
  readonly domain?: string
  readonly kind?: "name" | "ipv4" | "ipv6"
  readonly path: string
  readonly tag?: string
  readonly digest?: string
  /** Only where it is not the input. */
  readonly canonical?: string
  /** Only where it is not the input. */
  readonly familiar?: string
}

export const valid: ReadonlyArray<Valid> = [
  // What precedes the first slash is a domain, or it is not.
  { input: "alpine", path: "alpine", canonical: "docker.io/library/alpine" },
  { input: "a/b", path: "a/b", canonical: "docker.io/a/b" },
  { input: "a/b/c/d", path: "a/b/c/d", canonical: "docker.io/a/b/c/d" },
  { input: "library/a", path: "library/a", canonical: "docker.io/library/a", familiar: "a" },
  { input: "library/a/b", path: "library/a/b", canonical: "docker.io/library/a/b" },
  { input: "test.com", path: "test.com", canonical: "docker.io/library/test.com" },
  { input: "test.com:5000", path: "test.com", tag: "5000", canonical: "docker.io/library/test.com:5000" },
  { input: "test.com/a", domain: "test.com", kind: "name", path: "a" },
  { input: "test:5000/a", domain: "test:5000", kind: "name", path: "a" },
  { input: "test:5000/a:5000", domain: "test:5000", kind: "name", path: "a", tag: "5000" },
  { input: "localhost", path: "localhost", canonical: "docker.io/library/localhost" },
  { input: "localhost/a", domain: "localhost", kind: "name", path: "a" },
  { input: "localhosts/a", path: "localhosts/a", canonical: "docker.io/localhosts/a" },
  { input: "Test/a", domain: "Test", kind: "name", path: "a" },
  { input: "T-9/a", domain: "T-9", kind: "name", path: "a" },
  // Docker Hub has two names, by which it is called exactly so.
  {
    input: "docker.io/a",
    domain: "docker.io",
    kind: "name",
    path: "a",
    canonical: "docker.io/library/a",
    familiar: "a"
  },
  { input: "docker.io/library/a", domain: "docker.io", kind: "name", path: "library/a", familiar: "a" },
  { input: "docker.io/a/b", domain: "docker.io", kind: "name", path: "a/b", familiar: "a/b" },
  {
    input: "index.docker.io/a:b",
    domain: "index.docker.io",
    kind: "name",
    path: "a",
    tag: "b",
    canonical: "docker.io/library/a:b",
    familiar: "a:b"
  },
  { input: "DOCKER.IO/a", domain: "DOCKER.IO", kind: "name", path: "a" },
  { input: "docker.io:443/a", domain: "docker.io:443", kind: "name", path: "a" },
  { input: "index.docker.io:443/a", domain: "index.docker.io:443", kind: "name", path: "a" },
  { input: "registry-1.docker.io/a", domain: "registry-1.docker.io", kind: "name", path: "a" },
  // Hosts and ports, kept as they are written.
  { input: "a-b.c--d.xn--7o8h/a", domain: "a-b.c--d.xn--7o8h", kind: "name", path: "a" },
  { input: "1.2.3.4/a", domain: "1.2.3.4", kind: "ipv4", path: "a" },
  { input: "1.2.3.4:5000/a", domain: "1.2.3.4:5000", kind: "ipv4", path: "a" },
  { input: "1.2.3.256/a", domain: "1.2.3.256", kind: "name", path: "a" },
  { input: "1.2.3.04/a", domain: "1.2.3.04", kind: "name", path: "a" },
  { input: "1.2.3.4.5/a", domain: "1.2.3.4.5", kind: "name", path: "a" },
  { input: "1.2.3.4.nip.io:80/a", domain: "1.2.3.4.nip.io:80", kind: "name", path: "a" },
  { input: "[::1]/a", domain: "[::1]", kind: "ipv6", path: "a" },
  { input: "[2001:DB8::1]:5000/a", domain: "[2001:DB8::1]:5000", kind: "ipv6", path: "a" },
  { input: "[1::2::3]/a", domain: "[1::2::3]", kind: "ipv6", path: "a" },
  { input: "localhost:00000/a", domain: "localhost:00000", kind: "name", path: "a" },
  { input: "localhost:99999/a", domain: "localhost:99999", kind: "name", path: "a" },
  // No domain may have "_", a path may: neither a domain nor a name on Docker Hub.
  { input: "my_host.com/a", path: "my_host.com/a" },
  { input: "my_host/a", path: "my_host/a", canonical: "docker.io/my_host/a" },
  // Separators.
  { input: "a.b_c__d-e---f/0", path: "a.b_c__d-e---f/0" },
  { input: "localhost/a.b_c__d-e---f/0", domain: "localhost", kind: "name", path: "a.b_c__d-e---f/0" },
  { input: "9:9", path: "9", tag: "9", canonical: "docker.io/library/9:9" },
  // Tags.
  { input: "localhost/a:_.-Z9", domain: "localhost", kind: "name", path: "a", tag: "_.-Z9" },
  {
    input: `localhost/a:${"t".repeat(128)}`,
    domain: "localhost",
    kind: "name",
    path: "a",
    tag: "t".repeat(128)
  },
  // Digests, with a tag and without.
  { input: `localhost/a@${sha256}`, domain: "localhost", kind: "name", path: "a", digest: sha256 },
  { input: `localhost/a:b@${sha512}`, domain: "localhost", kind: "name", path: "a", tag: "b", digest: sha512 },
  { input: `a:b@${sha256}`, path: "a", tag: "b", digest: sha256, canonical: `docker.io/library/a:b@${sha256}` },
  // 64 hexadecimal digits are an image id only if they are alone.
  { input: `${hex(64)}:a`, path: hex(64), tag: "a", canonical: `docker.io/library/${hex(64)}:a` },
  { input: hex(63), path: hex(63), canonical: `docker.io/library/${hex(63)}` },
  { input: `localhost/${hex(64)}`, domain: "localhost", kind: "name", path: hex(64) },
  // 255 characters, with what Docker adds.
  { input: `localhost/${"a".repeat(255)}`, domain: "localhost", kind: "name", path: "a".repeat(255) },
  { input: "a".repeat(247), path: "a".repeat(247), canonical: `docker.io/library/${"a".repeat(247)}` },
  { input: `a/${"a".repeat(253)}`, path: `a/${"a".repeat(253)}`, canonical: `docker.io/a/${"a".repeat(253)}` }
]

export interface Invalid {
  readonly input: string
  readonly position: number
  readonly reason: string
  readonly rule: RegExp
}

const invalidFormat = (input: string, position: number, rule: RegExp): Invalid => ({
  input,
  position,
  reason: "InvalidFormat",
  rule
})

export const invalid: ReadonlyArray<Invalid> = [
  { input: "", position: 0, reason: "Empty", rule: /at least a repository name/ },
  // Paths.
  invalidFormat(":a", 0, /begins with/),
  invalidFormat("/a", 0, /begins with/),
  invalidFormat("a/", 2, /begins with/),
  invalidFormat("a//b", 2, /begins with/),
  invalidFormat("-a", 0, /begins with/),
  invalidFormat("a-", 2, /between letters or digits/),
  invalidFormat("a.", 2, /between letters or digits/),
  invalidFormat("a..b", 2, /between letters or digits/),
  invalidFormat("a___b", 3, /between letters or digits/),
  invalidFormat("a_-b", 2, /between letters or digits/),
  invalidFormat("a-.b", 2, /between letters or digits/),
  invalidFormat("a b", 1, /can follow/),
  invalidFormat("a\n", 1, /can follow/),
  invalidFormat("ä", 0, /begins with/),
  { input: "Alpine", position: 0, reason: "UppercaseName", rule: /lower case/ },
  { input: "a/B", position: 2, reason: "UppercaseName", rule: /lower case/ },
  { input: "localhost/aB", position: 11, reason: "UppercaseName", rule: /lower case/ },
  { input: "a_B/c", position: 2, reason: "UppercaseName", rule: /lower case/ },
  // Domains.
  invalidFormat("-a.b/c", 0, /domain/),
  invalidFormat("a-.b/c", 1, /domain/),
  invalidFormat("a..b/c", 2, /domain/),
  invalidFormat("a./c", 2, /domain/),
  invalidFormat("a_b:5000/c", 1, /domain/),
  invalidFormat("a:b/c", 2, /port/),
  invalidFormat("a:/c", 2, /port/),
  invalidFormat("a:5000/", 7, /begins with/),
  invalidFormat("::1/a", 0, /domain/),
  invalidFormat("fc00::1:5000/a", 5, /brackets/),
  invalidFormat("[::1%eth0]/a", 4, /IPv6/),
  invalidFormat("[::1/a", 4, /IPv6/),
  invalidFormat("[]:1/a", 1, /IPv6/),
  invalidFormat("[::1]x/a", 5, /domain/),
  invalidFormat("[::1]", 0, /begins with/),
  invalidFormat("[fd00]/a", 0, /begins with/),
  invalidFormat("https://localhost/a", 5, /scheme/),
  // Tags.
  invalidFormat("a:", 2, /a tag begins/),
  invalidFormat("a:.b", 2, /a tag begins/),
  invalidFormat("a:-b", 2, /a tag begins/),
  invalidFormat("a:b+c", 3, /a tag has only/),
  invalidFormat("a:b:c", 3, /a tag has only/),
  { input: `a:${"t".repeat(129)}`, position: 130, reason: "TagTooLong", rule: /128/ },
  // Digests.
  { input: "a@", position: 2, reason: "InvalidDigest", rule: /a digest is/ },
  { input: "a@b", position: 3, reason: "InvalidDigest", rule: /a digest is/ },
  { input: `a:@${sha256}`, position: 2, reason: "InvalidFormat", rule: /a tag begins/ },
  { input: `a@@${sha256}`, position: 2, reason: "InvalidDigest", rule: /an algorithm is/ },
  { input: `a@md5:${hex(32)}`, position: 2, reason: "InvalidDigest", rule: /"md5" is not supported/ },
  { input: `a@sha256:${hex(63)}`, position: 72, reason: "InvalidDigest", rule: /has 64 digits .* has 63/ },
  { input: `a@sha256:${hex(65)}`, position: 73, reason: "InvalidDigest", rule: /has 64 digits .* has 65/ },
  { input: `a@sha512:${hex(64)}`, position: 73, reason: "InvalidDigest", rule: /has 128 digits .* has 64/ },
  { input: `a@sha256:${hex(63)}F`, position: 72, reason: "InvalidDigest", rule: /lower case/ },
  { input: `a@SHA256:${hex(64)}`, position: 2, reason: "InvalidDigest", rule: /lower-case/ },
  // What Docker could not complete.
  { input: hex(64), position: 0, reason: "ImageId", rule: /image id/ },
  { input: "a".repeat(248), position: 248, reason: "NameTooLong", rule: /255/ },
  { input: `a/${"a".repeat(254)}`, position: 255, reason: "NameTooLong", rule: /255/ },
  { input: `docker.io/${"a".repeat(248)}`, position: 258, reason: "NameTooLong", rule: /255/ },
  { input: `localhost/${"a".repeat(256)}:b`, position: 265, reason: "NameTooLong", rule: /255/ }
]
