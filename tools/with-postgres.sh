#!/usr/bin/env bash
# with-postgres.sh COMMAND…: runs the command with GONETS_TEST_POSTGRES naming
# a PostgreSQL server in which it may create and drop databases. If the variable
# is set already, that server is used; otherwise a temporary one is started in
# a folder of its own, on a free port of the loopback and with a random
# password, and goes with its data when the command ends, however it ends.
set -euo pipefail

if [ -n "${GONETS_TEST_POSTGRES:-}" ]; then
	echo "PostgreSQL: the server of GONETS_TEST_POSTGRES"
	exec "$@"
fi

initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
bin=$(dirname "${initdb:-$(command -v initdb || echo /nowhere/initdb)}")
if [ ! -x "$bin/postgres" ]; then
	echo "No PostgreSQL server found: install postgresql, or set GONETS_TEST_POSTGRES." >&2
	exit 1
fi

# The server refuses to run as root.
as_server=()
if [ "$(id -u)" -eq 0 ]; then
	user=nobody
	id postgres >/dev/null 2>&1 && user=postgres
	as_server=(setpriv "--reuid=$user" "--regid=$(id -gn "$user")" --clear-groups)
fi

folder=$(mktemp -d /tmp/gonets-postgres.XXXXXX)
child=
cleanup() {
	trap - EXIT INT TERM HUP
	[ -z "$child" ] || kill -- "-$child" 2>/dev/null || true
	"${as_server[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "$password" >"$folder/password"
[ ${#as_server[@]} -eq 0 ] || chown -R "$user" "$folder"
cd "$folder" # initdb wants a folder that its user may read

"${as_server[@]}" "$bin/initdb" -D data -U postgres -A scram-sha-256 --pwfile=password \
	-E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 || { cat log >&2; exit 1; }
# Nothing here has to outlive a power cut; whether commits are durable is
# PostgreSQL's own affair, and its settings in production are documented.
cat >>data/postgresql.conf <<CONF
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
shared_buffers = 128MB
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
CONF

for try in 1 2 3 4 5 6; do
	port=$((10000 + RANDOM % 20000)) # below the kernel's own choices
	if "${as_server[@]}" "$bin/pg_ctl" -D data -l server.log -o "-p $port" -w -t 60 start >log 2>&1; then
		break
	fi
	if [ "$try" -eq 6 ]; then
		cat log server.log >&2
		exit 1
	fi
done

export GONETS_TEST_POSTGRES="postgres://postgres:$password@127.0.0.1:$port/postgres?sslmode=disable"
echo "PostgreSQL: $("$bin/postgres" --version | grep -o '[0-9][0-9.]*' | head -n 1), temporary, on 127.0.0.1:$port"
cd "$OLDPWD"

# In the background and waited for, so that a signal is heard at once; in a
# process group of its own (-m), so that nothing of it outlives the server.
set -m
"$@" &
child=$!
set +m
status=0
wait "$child" || status=$?
child=
exit "$status"
