#!/bin/sh
# Make deploy/.env and deploy/velib.env where they are missing. Compose reads both at each command, so nothing has to be
# exported again after a log-in. An existing password stays: PostgreSQL's volume keeps the one that it was made with. One
# that is exported, as earlier versions needed it, is taken over.
set -eu
cd "$(dirname "$0")"
umask 077
if [ ! -e .env ]; then
  password=${DAGSTER_POSTGRES_PASSWORD:-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')}
  case $password in
    *\'*) echo "DAGSTER_POSTGRES_PASSWORD: write deploy/.env yourself, because the password has a quote" >&2; exit 2 ;;
  esac
  cat > .env <<END
DAGSTER_POSTGRES_PASSWORD='$password'
# DAGSTER_POSTGRES_PORT=5432
# ARCHIVE_FOLDER=/srv/recordings
END
  echo "deploy/.env: the password of PostgreSQL"
fi
if [ ! -e velib.env ]; then
  cp velib.env.example velib.env
  echo "deploy/velib.env: the settings, from velib.env.example"
fi
