# Gonets: what one does with the source. `make` alone lists the targets.

.DEFAULT_GOAL := help
.PHONY: help demo test check format generate build profile bench soak

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## build, fill a throw-away service with an example and serve it
	bin/gonets demo

test: ## every test on SQLite and PostgreSQL, then the race detector
	tools/need.sh postgres chromium gcc
	tools/with-postgres.sh tools/test.sh

check: ## format, vet, lint, import rules, generated files
	tools/check.sh

format: ## format the Go files and the templates
	git ls-files '*.go' | grep -v '_templ\.go$$' | xargs go tool -modfile=tools/go.mod gofumpt -w
	go tool -modfile=tools/go.mod templ fmt internal

generate: ## make the generated files anew (the front end's sources come by npm)
	go tool -modfile=tools/go.mod templ generate
	go generate ./...

build: ## bin/gonets, static
	tools/build.sh

profile: ## the profile that the compiler optimises by, anew
	tools/need.sh postgres
	tools/with-postgres.sh tools/profile.sh

bench: build ## the benchmarks, with slopes (SQLite and PostgreSQL)
	tools/need.sh postgres
	tools/with-postgres.sh tools/bench.sh

soak: ## the long tests, with kills
	tools/need.sh postgres chromium
	tools/with-postgres.sh tools/soak.sh
