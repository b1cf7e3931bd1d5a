# `make help` lists the targets. Everything is installed into VENV, and nowhere else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Settings of the service reach it from the environment and from make's command line.
SETTINGS := MODE HOST PORT DATA_DIR REDIS_URL REDIS_URL_FILE REDIS_PASSWORD REDIS_PASSWORD_FILE DURABILITY JWT_SECRET JWT_SECRET_FILE \
	JWT_ACCEPTED_SECRETS JWT_ACCEPTED_SECRETS_FILE JWT_PUBLIC_KEYS JWT_PUBLIC_KEYS_FILE JWT_ISSUER JWT_AUDIENCE JWT_MAX_LIFETIME \
	SEAT_HOLD_TIME SEAT_USER_LIMIT TOKENS_PER_MINUTE KEYED_REQUESTS_PER_HOUR CORS_ORIGINS CHANGE_LOG_LENGTH WEB_CONCURRENCY THREADS \
	WORKER_CPU_AFFINITY LOG_LEVEL
$(foreach setting,$(SETTINGS),$(if $(filter command line environment,$(origin $(setting))),$(eval export $(setting))))
DEVELOPMENT = MODE=$${MODE:-development}

.DEFAULT_GOAL := help
# An environment that could not be completed is made anew.
.DELETE_ON_ERROR:
.PHONY: help install run token test bench torture attack attack-tools check format hooks lock sbom clean \
	secrets up down logs restart upgrade replace backup restore

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Install what the service runs on into VENV (.venv)

run: $(VENV)/.installed ## Serve on PORT (9000) in development mode, with a store of its own
	@$(DEVELOPMENT) exec $(BIN)/gunicorn

token: $(VENV)/.installed ## Print a token: make token SUBJECT=me ROLE=admin
	@$(DEVELOPMENT) exec $(BIN)/flask --app wsgi tokens issue "$(or $(SUBJECT),me)" --role "$(or $(ROLE),admin)"

test: $(VENV)/.installed-dev ## Run the tests, or some: ARGS=tests/domain; COVERAGE=1 tells what they reach
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -m "not alone" -n 3 $(if $(COVERAGE),--cov --cov-report=term)
	@$(BIN)/python -m pytest -m alone $(if $(SKIP_CONTAINERS),--ignore tests/deployment/containers)
endif

bench: $(VENV)/.installed-dev ## Measure the service as in production: SUITE=main|growth|bookings|process, PEER=http://...
	@$(BIN)/python -m bench --suite $(or $(SUITE),main) --rounds $(or $(ROUNDS),5) --seconds $(or $(SECONDS),4) \
		$(if $(PEER),--peer $(PEER))

torture: $(VENV)/.installed-dev ## Break everything around the service, and check all that clients saw
	@$(BIN)/python -m torture --minutes $(or $(MINUTES),1) --seed $(or $(SEED),1) \
		--store $(or $(STORE),standalone) --faults $(or $(FAULTS),all) $(if $(MUTANT),--mutant $(MUTANT)) \
		$(if $(KEEP),--keep $(KEEP))

attack: $(VENV)/.installed-dev $(VENV)-attack/.installed ## Attack the service behind nginx, with tools that others wrote
	@$(BIN)/python -m attack --seconds $(or $(SECONDS),30) $(if $(SKIP),--skip $(SKIP)) $(if $(KEEP),--keep $(KEEP))

# What `make attack` uses, and Debian does not have.
attack-tools: $(VENV)-attack/.installed

# --- In containers ---

# A cluster is used by naming it as the store, see deploy/compose/cluster.env.
COMPOSE = docker compose $(if $(filter cluster,$(PROFILES)),--env-file deploy/compose/cluster.env) \
	$(foreach profile,$(PROFILES),--profile $(profile))
SECRETS_DIR ?= ./secrets
export SECRETS_DIR
SECRETS := $(addprefix $(SECRETS_DIR)/,jwt_secret redis_password redis_operator_password grafana_password)
SECRET_FILES := $(SECRETS) $(SECRETS_DIR)/jwt_accepted_secrets

secrets: $(SECRET_FILES) ## Make the secrets that containers are given, each in a file of secrets/

# Only the folder is closed: the users inside the containers have other numbers than yours.
$(SECRETS):
	@mkdir -p -m 700 $(SECRETS_DIR)
	@umask 022; head -c 36 /dev/urandom | base64 | tr '+/' '-_' > $@

# More that still hold, a line each, while the secret is changed: see docs/security.md.
$(SECRETS_DIR)/jwt_accepted_secrets: | $(SECRETS)
	@: > $@

up: secrets ## Bring all up in containers: SCALE=2 PROFILES="observability dev cluster"
	@$(COMPOSE) up --build --detach --wait --scale app=$(or $(SCALE),1)

down: ## Take it down again; with VOLUMES=1, all data too
	@docker compose --profile '*' down --remove-orphans $(if $(VOLUMES),--volumes)

logs: ## Follow what all containers log
	@docker compose --profile '*' logs --follow --tail 100

restart: ## Have all workers replaced, with secrets read anew, while the service goes on
	@docker compose kill --signal HUP app box-office

upgrade: ## Have new code take over while the service goes on; with the PROFILES of make up
	@sh deploy/compose/upgrade.sh $(COMPOSE)

replace: ## Make a node of the cluster anew, such as with another REDIS_IMAGE: NODE=redis-3
	@docker compose exec -T $(NODE) sh /usr/local/etc/redis/step_down.sh
	@docker compose --profile cluster --env-file deploy/compose/cluster.env \
		up --detach --wait --no-deps --force-recreate $(NODE)
	@docker compose exec -T $(NODE) sh /usr/local/etc/redis/follow.sh

backup: ## Copy all data to backups/, while everything runs
	@mkdir -p -m 700 backups
	@file=backups/$$(date -u +%Y%m%dT%H%M%SZ).rdb; \
		docker compose exec -T redis sh /usr/local/etc/redis/backup.sh > $$file.draft \
		&& mv $$file.draft $$file && echo $$file

restore: ## Put a copy in the place of all data: FILE=backups/....rdb
	@test -s "$(FILE)" || { echo "make: FILE names no copy; see backups/" >&2; exit 1; }
	@docker compose stop redis
	@docker compose run --rm --no-deps -T redis sh /usr/local/etc/redis/restore.sh < $(FILE); \
		status=$$?; docker compose start redis && docker compose restart app box-office \
		&& docker compose up --detach --wait --no-recreate --no-deps redis box-office nginx \
		&& exit $$status

# What is checked is in .pre-commit-config.yaml, and of what git knows.
check: $(VENV)/.installed-dev ## Check style, types, directions of import, spelling and pins
	$(BIN)/pre-commit run --all-files
	$(BIN)/uv pip install --python $(BIN)/python --dry-run --offline --quiet -r requirements-dev.in

format: $(VENV)/.installed-dev ## Format the code, and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

hooks: $(VENV)/.installed-dev ## Have git check each commit and its message
	$(BIN)/pre-commit install

# Extras are kept, because older versions of pip look for a pin under that very name.
lock: $(VENV)/.installed-dev ## Pin the requirements anew, with hashes
	@for name in requirements requirements-dev requirements-attack; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
			--no-emit-index-url --no-strip-extras --custom-compile-command "make lock" $$name.in -o $$name.txt \
			|| exit 1; \
	done

sbom: $(VENV)/.installed-dev ## List in SBOM (sbom.json) what the service is made of, in CycloneDX
	$(BIN)/cyclonedx-py requirements requirements.txt --output-reproducible -o $(or $(SBOM),sbom.json)

clean: ## Remove what was installed and generated, but no data
	rm -rf $(VENV) $(VENV)-attack build dist sbom.json *.egg-info .coverage* .*_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11 or newer" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is older than 3.11; set PYTHON to a newer one" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "make: $(PYTHON) has no venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(if $(wildcard $(VENV)/pyvenv.cfg),--clear) "$(VENV)"

# The stamps are made last, so that an installation that was interrupted is done again.
$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt | $(VENV)/.installed
	@echo "Installing what tests and checks need into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Beside the service's own, because the tools want other versions of the same packages.
$(VENV)-attack/.installed: requirements-attack.txt | $(VENV)/bin/python
	@echo "Installing what attacks need into $(VENV)-attack ..." >&2
	@$(BIN)/python -m venv --clear "$(VENV)-attack"
	@$(VENV)-attack/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
