# shellcheck shell=bash
# Sourced by mongo.sh: a mongod on PATH. One server, no replica set, no authentication, loopback.

mongod_data=$services/mongod-data

mongod_describe() {
    echo "mongod on PATH, $(mongod --version 2>/dev/null | head -n 1)"
}

mongod_setup() {
    need_space 500
}

mongod_launch() {
    local port
    port=$(cat "$run_dir/port")
    spawn "$run_dir/server.pid" "$log_dir/mongod.log" \
        mongod --dbpath "$mongod_data" --bind_ip 127.0.0.1 --port "$port" &&
        wait_ready "$port" "$run_dir/server.pid" 300
}

mongod_start() {
    local tries
    mkdir -p "$mongod_data"
    : >"$log_dir/mongod.log"
    for tries in 1 2 3; do # somebody else may take the port between the look and the start
        free_port >"$run_dir/port"
        if mongod_launch; then
            log "mongod: ready, attempt $tries"
            return 0
        fi
        end_process "$run_dir/server.pid"
    done
    return 1
}

mongod_stop() {
    end_process "$run_dir/server.pid"
}

mongod_status() {
    process_alive "$run_dir/server.pid" && log "mongod runs" || log "mongod does not run"
}

mongod_kill_server() {
    end_process "$run_dir/server.pid" KILL
}

mongod_restart_server() {
    process_alive "$run_dir/server.pid" || mongod_launch
}

mongod_kill_database() {
    mongod_kill_server
}

mongod_restart_database() {
    mongod_restart_server
}
