# shellcheck shell=bash
# Sourced after ../system/lib.sh: a Slurm cluster of its own, on loopback, in $work/slurm: munged,
# slurmctld and one slurmd a node, with keys, sockets, ports and configuration of their own. Nothing of
# the system's is used or changed, so several may run side by side.

slurm=$work/slurm
export SLURM_CONF=$slurm/slurm.conf

# free_ports N: so many loopback ports that nobody listens on, below those of outgoing connections.
free_ports() {
    local port found=()
    while [ ${#found[@]} -lt "$1" ]; do
        port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        [[ " ${found[*]} " = *" $port "* ]] || found+=("$port")
    done
    echo "${found[*]}"
}

# write_conf NODE...
write_conf() {
    local host ports i
    host=$(hostname -s)
    read -ra ports <<<"$(free_ports $(($# + 1)))"
    cat >"$SLURM_CONF" <<END_CONF
ClusterName=hopt
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket
CredType=cred/munge
StateSaveLocation=$slurm/ctld
SlurmdSpoolDir=$slurm/d-%n
SlurmctldPidFile=$slurm/ctld.pid
SlurmdPidFile=$slurm/%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=10
SlurmctldParameters=node_reg_mem_percent=0
SlurmdParameters=config_overrides
KillWait=30
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
END_CONF
    for ((i = 1; i <= $#; i++)); do
        echo "NodeName=${!i} NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=2 State=UNKNOWN"
    done >>"$SLURM_CONF"
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP LLN=YES" >>"$SLURM_CONF"
}

nodes_idle() {
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = "$1" ]
}

# slurm_start NODE...
slurm_start() {
    local tries node i
    mkdir -p "$slurm/ctld" "$slurm/munge"
    (umask 077 && head -c 128 /dev/urandom >"$slurm/munge/key")
    # --force: the folder is not open to everybody, and need not be.
    munged --force --key-file="$slurm/munge/key" --socket="$slurm/munge/socket" \
        --pid-file="$slurm/munge/pid" --log-file="$work/munged.log" \
        --seed-file="$slurm/munge/seed" 2>/dev/null || fail "munged"
    for ((tries = 0; tries < 5; tries++)); do # another port each time
        write_conf "$@"
        slurmctld -i >/dev/null 2>&1
        for node in "$@"; do
            slurmd -N "$node" >/dev/null 2>&1
        done
        for ((i = 0; i < 300; i++)); do
            nodes_idle $# && return
            sleep 0.1
        done
        slurm_kill
    done
    fail "Slurm did not start"
}

# What carries our SLURM_CONF: the daemons, the steps they start (which leave our process tree) and
# the jobs in them.
slurm_processes() {
    local file
    for file in /proc/[0-9]*/environ; do
        grep -qzFx "SLURM_CONF=$SLURM_CONF" "$file" 2>/dev/null || continue
        file=${file#/proc/}
        [ "${file%/*}" = $$ ] || [ "${file%/*}" = "$BASHPID" ] || echo "${file%/*}"
    done
}

# slurm_kill: ends all of it but munged, at once.
slurm_kill() {
    local round pid
    for round in 1 2 3; do
        for pid in $(slurm_processes); do
            case $(cat "/proc/$pid/comm" 2>/dev/null) in
            munged | "") ;;
            *) kill -KILL "$pid" 2>/dev/null ;;
            esac
        done
    done
}

slurm_stop() {
    slurm_kill
    kill "$(cat "$slurm/munge/pid" 2>/dev/null)" 2>/dev/null
    wait_end_of "$slurm/munge/pid"
}

# The daemon removes its pid file when it ends.
wait_end_of() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        [ -e "$1" ] || return 0
        sleep 0.05
    done
}

# job_field JOB FIELD: of scontrol, e.g. JobState.
job_field() {
    scontrol show job "$1" 2>/dev/null | sed -nE "s/^(.* )?$2=([^ ]*).*/\2/p" | head -n 1
}

job_is() {
    [ "$(job_field "$1" JobState)" = "$2" ]
}

node_is() {
    [[ $(sinfo -h -n "$1" -o %T) = "$2"* ]]
}

# worker_of JOB: the process that is the job's batch script (an array task's as A_I).
worker_of() {
    local pid array=${1%_*} task=${1#*_}
    for pid in $(slurm_processes); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = hopt-worker ] || continue
        grep -qzFx "SLURM_ARRAY_JOB_ID=$array" "/proc/$pid/environ" 2>/dev/null &&
            grep -qzFx "SLURM_ARRAY_TASK_ID=$task" "/proc/$pid/environ" && echo "$pid"
    done
}
