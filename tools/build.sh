#!/usr/bin/env bash
# Builds bin/gonets: static, without C, and telling its version.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$version" -o bin/gonets ./cmd/gonets
