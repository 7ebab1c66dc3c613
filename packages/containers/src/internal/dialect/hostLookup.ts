import * as Arr from "effect/Array"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as IpAddress from "../../IpAddress.js"

/**
 * Shell script that looks up the host in its argument like the programs of the
 * container do: by `getent`, or else in `/etc/hosts` and then by `nslookup`,
 * which queries the name servers only. The first line of the output names the
 * method.
 *
 * @internal
 */
export const lookupScript = `
if command -v getent >/dev/null 2>&1; then
  echo getent
  getent hosts "$1"
  exit 0
fi
set -f
found=
if [ -r /etc/hosts ]; then
  while read -r address names || [ -n "$address" ]; do
    for name in $names; do
      case $name in "#"*) break ;; "$1") found="$found $address" ;; esac
    done
  done </etc/hosts
fi
if [ -n "$found" ]; then
  echo hosts
  for address in $found; do echo "$address"; done
elif command -v nslookup >/dev/null 2>&1; then
  echo nslookup
  nslookup "$1"
else
  echo nothing
fi
exit 0
`

/** Parses the output of {@link lookupScript}. */
export const addressesOf = (
  output: string
): { readonly hasResolver: boolean; readonly addresses: ReadonlyArray<IpAddress.IpAddress> } => {
  const [method, ...lines] = output.split("\n")
  return {
    hasResolver: method === "getent" || method === "nslookup",
    addresses: method === "nslookup"
      ? nslookupAddresses(lines)
      : Arr.filterMap(lines, (line) => toAddress(line.trim().split(/\s+/)[0]))
  }
}

/** Skips the addresses before the first name, which are those of the name server. */
const nslookupAddresses = (lines: ReadonlyArray<string>) =>
  Arr.filterMap(
    afterFirstName(lines),
    (line) => toAddress(/^Address(?: \d+)?:\s*(\S+)/.exec(line)?.[1])
  )

const decode = Schema.decodeUnknownOption(IpAddress.IpAddress)

/** Parses an address without its zone, which is local to one machine. */
const toAddress = (text: string | undefined): Option.Option<IpAddress.IpAddress> =>
  Option.flatMap(Option.fromNullable(text), (text) => decode(text.split("%", 1)[0]))

const afterFirstName = (lines: ReadonlyArray<string>) => {
  const first = lines.findIndex((line) => line.startsWith("Name:"))
  return first === -1 ? [] : lines.slice(first)
}
