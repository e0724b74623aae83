# shellcheck shell=bash
# Sourced by mongo.sh: FerretDB, which speaks MongoDB's protocol, over PostgreSQL with the
# DocumentDB extension. "Server" is the FerretDB gateway, "database" is PostgreSQL.

ferretdb_version=2.7.0
ferretdb_package=github.com/FerretDB/FerretDB/v2/cmd/ferretdb
ferretdb_go_minor=25 # it wants Go 1.25
ferretdb_program=$services/ferretdb-$ferretdb_version

pg_bin=/usr/lib/postgresql/18/bin
pg_home=/pg # inside debian_root

ferretdb_describe() {
    echo "FerretDB $ferretdb_version over PostgreSQL 18 with DocumentDB (no mongod on PATH)"
}

# --- set-up ---

host_go_is_new() {
    local version
    version=$(go env GOVERSION 2>/dev/null) || return 1
    [[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$ferretdb_go_minor" ]
}

ferretdb_build_on_host() {
    GOBIN=$1 CGO_ENABLED=0 nice go install "$ferretdb_package@v$ferretdb_version"
}

# The host's certificates serve as well (configure_debian); the package would replace them.
install_go_in_debian() {
    if [ -s "$debian_root$debian_certificates" ]; then
        install_debian "$debian_root" golang-go
    else
        install_debian "$debian_root" golang-go ca-certificates
    fi
}

ferretdb_build_in_debian() {
    # GOROOT: Debian's go finds its own only through /proc, which may be missing.
    in_debian "$debian_root" env GOROOT=/usr/lib/go GOBIN=/root/bin GOPATH=/root/go \
        CGO_ENABLED=0 nice go install "$ferretdb_package@v$ferretdb_version" &&
        cp "$debian_root/root/bin/ferretdb" "$1/" &&
        rm -rf "$debian_root/root/bin" "$debian_root/root/go" "$debian_root/root/.cache"
}

ferretdb_setup_program() {
    local new=$ferretdb_program.new
    [ ! -x "$ferretdb_program" ] || return 0
    need_space 1500
    rm -rf "$new"
    mkdir -p "$new"
    if host_go_is_new; then
        step "building FerretDB $ferretdb_version" ferretdb_build_on_host "$new"
    else
        step "no Go 1.$ferretdb_go_minor or newer on PATH: installing one" \
            install_go_in_debian
        step "building FerretDB $ferretdb_version" ferretdb_build_in_debian "$new"
    fi
    mv "$new/ferretdb" "$ferretdb_program"
    rm -rf "$new"
}

as_postgres() {
    in_debian "$debian_root" setpriv --reuid=postgres --regid=postgres --init-groups \
        env HOME="$pg_home" PGHOST="$pg_home" PGUSER=postgres "$@" 8>&- 9>&-
}

# Durability is PostgreSQL's own: tests that kill it rely on that. 160 connections are enough,
# because FerretDB shares a pool of 100 among all its clients.
pg_settings() {
    cat <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$pg_home'
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
max_connections = 160
shared_buffers = 128MB
fsync = on
synchronous_commit = on
full_page_writes = on
END
}

pg_init() {
    local new=$pg_home/data.new port
    rm -rf "$debian_root$new"
    in_debian "$debian_root" install -d -o postgres -g postgres -m 700 "$pg_home" || return 1
    as_postgres "$pg_bin/initdb" -D "$new" -A trust -U postgres || return 1
    pg_settings >>"$debian_root$new/postgresql.conf"
    port=$(free_port)
    as_postgres "$pg_bin/pg_ctl" start -w -D "$new" -l "$pg_home/init.log" -o "-p $port" &&
        as_postgres psql -p "$port" -d postgres -v ON_ERROR_STOP=1 -X \
            -c 'create extension documentdb cascade' &&
        as_postgres "$pg_bin/pg_ctl" stop -w -m fast -D "$new"
}

pg_setup() {
    local new=$debian_root$pg_home/data.new
    [ ! -d "$debian_root$pg_home/data" ] || return 0
    if [ -e "$new/postmaster.pid" ]; then # a set-up was killed while this was running
        as_postgres "$pg_bin/pg_ctl" stop -w -m immediate -D "$pg_home/data.new" >&2 || true
    fi
    step "making a PostgreSQL cluster" pg_init
    mv "$new" "$debian_root$pg_home/data"
}

ferretdb_setup() {
    [ "$(id -u)" = 0 ] || die "no mongod on PATH, and its stand-in needs root (chroot): run as" \
        "root, or set HOPT_TEST_MONGO_URI"
    debian_setup
    ferretdb_setup_program
    pg_setup
}

# --- PostgreSQL ---

pg_ctl() {
    as_postgres "$pg_bin/pg_ctl" "$1" -D "$pg_home/data" "${@:2}" >>"$log_dir/pg_ctl.log" 2>&1 \
        </dev/null
}

pg_running() {
    pg_ctl status
}

pg_launch() {
    pg_ctl start -w -t 300 -l "$pg_home/postgres.log" -o "-p $(cat "$run_dir/pg-port")"
}

# pg_halt MODE: fast, or immediate for a crash.
pg_halt() {
    local tries
    for ((tries = 0; tries < 5; tries++)); do # one that is dying already cannot be told to stop
        pg_running || return 0
        pg_ctl stop -w -t 300 -m "$1" && return 0
        sleep 1
    done
    return 1
}

# --- the gateway ---

gateway_launch() {
    local port pg_port
    port=$(cat "$run_dir/port")
    pg_port=$(cat "$run_dir/pg-port")
    mkdir -p "$services/ferretdb-state"
    spawn "$run_dir/server.pid" "$log_dir/ferretdb.log" "$ferretdb_program" \
        --postgresql-url="postgres://postgres@127.0.0.1:$pg_port/postgres?pool_max_conns=100" \
        --listen-addr="127.0.0.1:$port" --no-auth --telemetry=disable --debug-addr=- \
        --state-dir="$services/ferretdb-state" --log-level=WARN &&
        wait_ready "$port" "$run_dir/server.pid" 180
}

# --- gateways with authentication and TLS ---

# Another FerretDB over the same database; it takes few connections, since the first one may hold
# 100 of 160. Its plain port wants a login too. $4: who shows no certificate of this CA is refused.
ferretdb_secure() {
    local name=$1 crt=$2 key=$3 ca=${4:-} pid_file=$run_dir/secure-$1.pid plain tls tries
    end_process "$pid_file" || return 1
    mkdir -p "$services/ferretdb-state/$name"
    for tries in 1 2 3; do
        plain=$(free_port)
        tls=$(free_port)
        spawn "$pid_file" "$log_dir/ferretdb-$name.log" "$ferretdb_program" \
            --postgresql-url="postgres://postgres@127.0.0.1:$(cat "$run_dir/pg-port")/postgres?pool_max_conns=10" \
            --listen-addr="127.0.0.1:$plain" --listen-tls="127.0.0.1:$tls" \
            --listen-tls-cert-file="$crt" --listen-tls-key-file="$key" \
            ${ca:+--listen-tls-ca-file="$ca"} --telemetry=disable --debug-addr=- \
            --state-dir="$services/ferretdb-state/$name" --log-level=WARN &&
            wait_answers "$plain" "$pid_file" 180 && wait_answers "$tls" "$pid_file" 180 open && break
        log "gateway $name, attempt $tries failed"
        end_process "$pid_file"
        [ "$tries" -lt 3 ] || return 1
    done
    echo "$plain $tls"
}

# The user's role in PostgreSQL and its SCRAM secret: plain CREATE ROLE makes a salt that FerretDB
# does not take. One that is there already gets the password.
ferretdb_secure_user() {
    local call
    [[ $1$2 =~ ^[A-Za-z0-9._%:/@+-]+$ ]] || die "user and password: letters, digits and ._%:/@+-"
    for call in \
        "create_user('{\"createUser\":\"$1\",\"pwd\":\"$2\",\"roles\":[{\"role\":\"readWriteAnyDatabase\",\"db\":\"admin\"},{\"role\":\"clusterAdmin\",\"db\":\"admin\"}]}')" \
        "update_user('{\"updateUser\":\"$1\",\"pwd\":\"$2\"}')"; do
        as_postgres psql -p "$(cat "$run_dir/pg-port")" -d postgres -v ON_ERROR_STOP=1 -X -q \
            -c "select documentdb_api.$call" >>"$log_dir/setup.log" 2>&1 </dev/null && return 0
    done
    return 1
}

# $1: its name; none: all of them.
ferretdb_secure_stop() {
    local pid_file
    for pid_file in "$run_dir"/secure-*.pid; do
        [ -e "$pid_file" ] || continue # there is none
        [ -z "${1:-}" ] || [ "$pid_file" = "$run_dir/secure-$1.pid" ] || continue
        end_process "$pid_file" && rm -f "$pid_file" || return 1
    done
}

# --- what mongo.sh calls ---

ferretdb_start() {
    local tries
    : >"$log_dir/ferretdb.log"
    : >"$log_dir/pg_ctl.log"
    : >"$debian_root$pg_home/postgres.log" && chmod 666 "$debian_root$pg_home/postgres.log"
    for tries in 1 2 3; do # somebody else may take a port between the look and the start
        free_port >"$run_dir/pg-port"
        free_port >"$run_dir/port"
        if pg_halt fast && pg_launch && gateway_launch; then
            log "ready, attempt $tries"
            return 0
        fi
        end_process "$run_dir/server.pid"
    done
    return 1
}

ferretdb_stop() {
    ferretdb_secure_stop && end_process "$run_dir/server.pid" && pg_halt fast
}

ferretdb_status() {
    process_alive "$run_dir/server.pid" && log "FerretDB runs" || log "FerretDB does not run"
    pg_running && log "PostgreSQL runs" || log "PostgreSQL does not run"
}

ferretdb_kill_server() {
    end_process "$run_dir/server.pid" KILL
}

ferretdb_restart_server() {
    pg_running || pg_launch || return 1
    process_alive "$run_dir/server.pid" || gateway_launch
}

ferretdb_kill_database() {
    pg_halt immediate
}

# Ready is more than running: the gateway's first operations after a restart fail.
ferretdb_restart_database() {
    pg_running || pg_launch || return 1
    process_alive "$run_dir/server.pid" || return 0
    wait_ready "$(cat "$run_dir/port")" "$run_dir/server.pid" 300
}
