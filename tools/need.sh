#!/usr/bin/env bash
# need.sh THING…: makes sure that this machine has what the tests use, of
# postgres, chromium and gcc. What is missing is installed from Debian's
# packages, as root or by sudo, saying so; where that can't be done, the
# message says what to install.
set -euo pipefail

# have THING: is it here?
have() {
	case $1 in
	postgres) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || { command -v initdb && command -v postgres; } >/dev/null ;;
	chromium) command -v chromium || command -v chromium-browser || command -v google-chrome || command -v headless-shell ;;
	gcc) command -v gcc ;;
	*) echo "need.sh: unknown thing $1" >&2 && exit 2 ;;
	esac >/dev/null
}

# packages THING: its Debian packages.
packages() {
	case $1 in
	postgres) echo postgresql ;;
	chromium) echo chromium fonts-dejavu-core ;;
	gcc) echo gcc libc6-dev ;;
	esac
}

missing=()
for thing in "$@"; do
	# shellcheck disable=SC2207 # package names have no spaces
	have "$thing" || missing+=($(packages "$thing"))
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	echo "The tests need ${missing[*]} (Debian's names), which can't be installed from here: no apt-get, or neither root nor sudo without a password." >&2
	echo "Install them and try again; an existing PostgreSQL server is used if GONETS_TEST_POSTGRES names it (postgres://superuser:password@host/postgres)." >&2
	exit 1
fi
echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
