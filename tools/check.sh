#!/usr/bin/env bash
# Everything that can be said about the code without running it, and whether
# the generated files belong to their sources. Goes on after a finding, so that
# one run names them all. Called by `make check`.
set -uo pipefail
cd "$(dirname "$0")/.."
tool=(go tool -modfile=tools/go.mod)
failed=()

# check NAME COMMAND…: runs the command; what it says matters only if it fails.
check() {
	local name=$1 said seconds=$SECONDS
	shift
	if said=$("$@" 2>&1); then
		printf 'ok    %-18s %3ds\n' "$name" $((SECONDS - seconds))
	else
		printf 'FAIL  %-18s %3ds\n%s\n' "$name" $((SECONDS - seconds)) "$said"
		failed+=("$name")
	fi
}

format() {
	local differ
	differ=$(git ls-files -co --exclude-standard '*.go' | grep -v '_templ\.go$' | xargs -r "${tool[@]}" gofumpt -l) || return
	[ -z "$differ" ] || { echo "not formatted by gofumpt (make format mends it):" && echo "$differ" && return 1; }
}

# templates formats and generates the pages in a copy, and compares.
templates() {
	local copy status=0
	copy=$(mktemp -d)
	git ls-files -co --exclude-standard go.mod '*.templ' '*_templ.go' | xargs -r cp --parents -t "$copy"
	find "$copy" -name '*_templ.go' -delete
	"${tool[@]}" templ fmt -fail "$copy" >/dev/null 2>&1 || { echo "not formatted by templ (make format mends it)" && status=1; }
	"${tool[@]}" templ generate -path "$copy" || status=1
	for generated in $({ git ls-files -co --exclude-standard '*_templ.go' && cd "$copy" && find . -name '*_templ.go' -printf '%P\n'; } | sort -u); do
		cmp -s "$generated" "$copy/$generated" || { echo "$generated is not what its template makes (make generate mends it)" && status=1; }
	done
	rm -rf "$copy"
	return $status
}

# dependencies compares the direct ones of go.mod with the page of reasons.
dependencies() {
	diff --label go.mod <(awk '/^\t/ && !/\/\/ indirect/ { print $1 }' go.mod | sort) \
		--label docs/dependencies.md <(awk '/^## Tools/ { exit } /^\| [a-z0-9.]+\// { print $2 }' docs/dependencies.md | sort)
}

tidy() { go mod tidy -diff && go -C tools mod tidy -diff; }
tools_module() { go -C tools vet ./... && go -C tools test ./...; }

check format format
check templates templates
check 'go mod tidy' tidy
check 'dependencies' dependencies
check 'go vet' go vet ./...
check 'golangci-lint' "${tool[@]}" golangci-lint run
check 'import rules' tools/housetest.sh
check 'tools' tools_module
[ -d internal/web/assets ] && check 'assets' go test ./internal/web/assets

if [ ${#failed[@]} -gt 0 ]; then
	printf '\ncheck failed:'
	printf ' %s;' "${failed[@]}"
	printf '\n'
	exit 1
fi
