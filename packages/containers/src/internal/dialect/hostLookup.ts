import * as Arr from "effect/Array"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as IpAddress from "../../IpAddress.js"

/**
 * Looks up its argument in the way of the container's own programs, and says in
 * the first line how: `getent` knows all there is to know; without it there are
 * `/etc/hosts` and, for what is not in it, `nslookup`, which asks the name
 * servers alone.
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

/** Reads what the script has written. */
export const addressesOf = (
  output: string
): { readonly hasResolver: boolean; readonly addresses: ReadonlyArray<IpAddress.IpAddress> } => {
  const [how, ...lines] = output.split("\n")
  return {
    hasResolver: how === "getent" || how === "nslookup",
    addresses: how === "nslookup"
      ? nslookupAddresses(lines)
      : Arr.filterMap(lines, (line) => toAddress(line.trim().split(/\s+/)[0]))
  }
}

/** Addresses before the first name are those of the name server. */
const nslookupAddresses = (lines: ReadonlyArray<string>) =>
  Arr.filterMap(
    afterFirstName(lines),
    (line) => toAddress(/^Address(?: \d+)?:\s*(\S+)/.exec(line)?.[1])
  )

const decode = Schema.decodeUnknownOption(IpAddress.IpAddress)

/** Without the zone that only means something on one machine. */
const toAddress = (text: string | undefined): Option.Option<IpAddress.IpAddress> =>
  Option.flatMap(Option.fromNullable(text), (text) => decode(text.split("%", 1)[0]))

const afterFirstName = (lines: ReadonlyArray<string>) => {
  const first = lines.findIndex((line) => line.startsWith("Name:"))
  return first === -1 ? [] : lines.slice(first)
}
