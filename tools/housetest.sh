#!/usr/bin/env bash
# Proves that the import rules of .golangci.yaml bite: builds a hollow copy of
# the house in a temporary folder, plants every import that points upwards and
# some that reach outside, and counts on the linter to name each of them.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

# The house from top to bottom; docs/architecture.md draws it. Packages on one
# line don't import each other.
house=(
	"cli"
	"web api"
	"httpd"
	"engine"
	"mailserver"
	"stats"
	"mailing"
	"message"
	"recipient"
	"blog setting"
	"account"
	"letter"
	"audit"
	"delivery"
	"queue"
	"sandbox node"
	"db"
	"smtp mail schedule liquid i18n fault config"
)

# Reaching outside: package, import.
outside=(
	"engine database/sql"
	"engine net/http"
	"engine github.com/jackc/pgx"
	"mailing github.com/jackc/pgx"
	"mailing database/sql"
	"web modernc.org/sqlite"
	"engine github.com/riverqueue/river"
	"db github.com/riverqueue/river"
	"web gonets/internal/config/door"
	"engine gonets/internal/config/door"
	"newcomer gonets/internal/db/door"
	"web gonets/internal/db/dbtest"
	"web log"
)

# Doors that must stand open: package, import.
open=(
	"cli gonets/internal/config/door"
	"web gonets/internal/mailing/door"
	"engine gonets/internal/delivery/door"
	"engine gonets/internal/mailserver/door"
	"mailing gonets/internal/setting/door"
	"delivery gonets/internal/db/door"
	"db github.com/jackc/pgx"
	"queue github.com/riverqueue/river"
)

hollow=$(mktemp -d)
trap 'rm -rf "$hollow"' EXIT
cd "$hollow"
cp "$root/.golangci.yaml" .

# stub DIR: an empty package at that path.
stub() {
	mkdir -p "$1"
	echo "package stub" >"$1/stub.go"
}

# plant FILE PATH: a file that imports PATH. Each import has a file of its own,
# so that the linter's answer names it.
plant() {
	mkdir -p "$(dirname "$1")"
	printf 'package stub\n\nimport _ "%s"\n' "$2" >"$1"
}

printf 'module gonets\n\ngo 1.26.0\n' >go.mod
for module in github.com/riverqueue/river github.com/jackc/pgx modernc.org/sqlite; do
	stub "outside/$module"
	printf 'module %s\n' "$module" >"outside/$module/go.mod"
	printf 'require %s v0.0.0\nreplace %s => ./outside/%s\n' "$module" "$module" "$module" >>go.mod
done
for package in ${house[*]} newcomer; do
	stub "internal/$package"
	stub "internal/$package/door" # imported in its stead, so that no planted import makes a circle
done
stub internal/db/dbtest

wanted=()
above=""
for floor in "${house[@]}"; do
	for package in $floor; do
		for other in $above $floor; do
			[ "$other" = "$package" ] && continue
			file=internal/$package/up_$other.go
			plant "$file" "gonets/internal/$other/door"
			wanted+=("$file")
		done
	done
	above+=" $floor"
done
for pair in "${outside[@]}"; do
	file=internal/${pair% *}/out_$(tr -c 'a-z0-9\n' _ <<<"${pair#* }").go
	plant "$file" "${pair#* }"
	wanted+=("$file")
done
for pair in "${open[@]}"; do
	plant "internal/${pair% *}/open_$(tr -c 'a-z0-9\n' _ <<<"${pair#* }").go" "${pair#* }"
done

go tool -modfile="$root/tools/go.mod" golangci-lint run --enable-only=depguard --output.text.print-issued-lines=false ./... >answer || true
grep -o '^internal/[^:]*' answer | sort -u >caught
printf '%s\n' "${wanted[@]}" | sort -u >planted

if ! diff planted caught >difference; then
	echo "The import rules don't hold ('<' was not caught, '>' should be allowed):" >&2
	cat difference >&2
	sed -n '/depguard/!p' answer >&2
	exit 1
fi
echo "import rules: $(wc -l <planted) breaches planted and caught, ${#open[@]} open doors stand open"
