#!/usr/bin/env bash
# Every test on both databases, then the packages that run concurrently once
# more under the race detector, at small sizes: without C, modernc's SQLite is
# a translated program, and 35 times slower there. Ends with what ran where.
# Called by `make test`, inside with-postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing may be left out: a missing PostgreSQL or Chromium is a failure.
export GONETS_TEST_REQUIRE=1

concurrent=(db queue delivery smtp sandbox letter mailing engine httpd web)

mkdir -p bin
go -C tools build -o ../bin/tally ./tally

status=0
{
	echo "== whole tree"
	CGO_ENABLED=0 go test -json -shuffle=on -timeout 15m ./... 2>&1 || true
	echo "== race detector"
	CGO_ENABLED=1 go test -json -race -short -timeout 15m "${concurrent[@]/#/./internal/}" 2>&1 || true
} | bin/tally || status=$?
exit "$status"
