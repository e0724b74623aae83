#!/usr/bin/env bash
# deploy/slurm/worker.sbatch in a real Slurm, one controller and four nodes on loopback, over MongoDB:
# jobs that are signalled, cancelled, run out of time, whose worker is killed, whose node hangs or dies.
# Every trial ends once. HOPT_BIN is the folder of the programs, HOPT_TEST_MONGO_URI the server.
deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
set -- mongo
. "$deploy/../system/lib.sh"
. "$deploy/slurm_cluster.sh"
for program in slurmctld slurmd munged /usr/sbin/sshd ssh; do
    command -v $program >/dev/null || fail "$program is missing: apt-get install slurm-wlm munge openssh-server"
done
at_exit() {
    slurm_stop
}

slots=20
write_objective
write_study cluster '{"command": ["./obj", "{x}"]}' \
    "\"stop\": {\"max_trials\": $slots}, \"trial\": {\"lease_s\": 10, \"max_attempts\": 5}"
# What stands for a password: a word of the URI that must be in no list of processes.
secret=not-for-others-$$
(umask 077 && echo "$store?appName=$secret" >store.uri)
export HOPT_STORE_FILE=$work/store.uri HOPT_WORKER=$bin/hopt-worker HOPT_IDLE=0s
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}" --poll 100ms
slurm_start n1 n2 n3 n4
say "Slurm is up"

# submit OPTION... -- [ARGUMENT...]: the script as an array job; its number to $job.
submit() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    job=$(sbatch --parsable --output="$work/job-%A_%a.log" "${options[@]}" \
        "$repo/deploy/slurm/worker.sbatch" study.json --allow-root "$@" 2>sbatch.txt) ||
        fail "sbatch ${options[*]}: $(cat sbatch.txt)"
}

# The evaluation of these trials waits, in whichever attempt.
hold() {
    local num
    for num in "$@"; do
        touch "slow.$num".{1,2,3,4,5}
    done
}

# held_by TASK [START]: the trial that an array task (A_I) claimed last, after its START-th start.
held_by() {
    sed -nE "/start ${2:-1},/,\$ s/.*trial claimed .*trial=([0-9]+).*/\1/p" "job-$1.log" 2>/dev/null |
        tail -n 1
}

# is_held TASK [START]: and now it is held in it.
is_held() {
    local num
    num=$(held_by "$@")
    [ -n "$num" ] && compgen -G "slows.$num.*" >/dev/null
}

given_back() {
    has "job-$1.log" "given back.*trial=$2 "
}

attempts_lost() {
    echo $(($(trials | grep "^{\"num\":$1," | field attempt) - 1))
}

# kill_slurmd NODE
kill_slurmd() {
    kill -KILL "$(cat "$slurm/$1.pid")" || fail "no slurmd on $1"
}

# all_of TASK: the processes of a job on its node: the step's and those below.
all_of() {
    local pid
    pid=$(worker_of "$1")
    ps -o ppid= -p "$pid" | tr -d ' '
    echo "$pid"
    descendants "$pid"
}

refused() {
    exits 2 env SLURM_JOB_ID=1 bash "$repo/deploy/slurm/worker.sbatch" "$@"
}

hold $(seq 0 27)
# Beside all else, on n1: jobs that come to their time limit. The first one has only Slurm's signal,
# which comes from 10 s before the limit to half a minute earlier; the second one its wall time.
HOPT_GRACE_S=5 submit --array=1 --nodelist=n1 --time=1 --signal=B:TERM@10 -- --walltime 0s
signalled=${job}_1
HOPT_GRACE_S=20 submit --array=1 --nodelist=n1 --time=1 --signal=B:TERM@1 --
limited=${job}_1
HOPT_GRACE_S=3 submit --array=1-4 --exclude=n1 --time=30 --
a=$job

say "what is wrong with a submission"
refused
refused study.json --store mongodb://user:password@127.0.0.1/x
holds err.txt 'scontrol shows everybody these words'
HOPT_STORE_FILE=$work/none refused study.json
holds err.txt "cannot read $work/none"

say "an array of four"
for task in "$signalled" "$limited" "${a}"_{1,2,3,4}; do
    wait_until 120 "task $task holds a trial" is_held "$task"
done
at_limit1=$(held_by "$signalled") at_limit2=$(held_by "$limited")
pid=$(worker_of "${a}_1")
tr '\0' ' ' <"/proc/$pid/cmdline" >cmdline
holds cmdline "--store @$work/store.uri "
within "wall time" 1500 1782 "$(sed -nE 's/.*--walltime ([0-9]+)s.*/\1/p' cmdline)"
ps axeww >ps.txt
squeue -a -o "%all" >>ps.txt
scontrol show job >>ps.txt
holds ps.txt "SLURM_ARRAY_JOB_ID=$a"
lacks ps.txt "$secret"

say "SIGTERM: to the batch shell, twice; to the whole job; scancel; kill -9 of the worker"
for i in 1 2 3 4; do
    t[i]=$(held_by "${a}_$i")
done
scancel --signal=TERM --batch "${a}_1" # the worker waits for its trial
wait_until 60 "the worker has heard it" has "job-${a}_1.log" 'signal 15: taking no more'
trial_is "${t[1]}" running || fail "trial ${t[1]} is $(trial_state "${t[1]}")"
scancel --signal=TERM --batch "${a}_1" # and now does not
scancel --signal=TERM --full "${a}_2"
scancel "${a}_3"
kill -KILL "$(worker_of "${a}_4")"
for i in 1 2 3; do
    wait_until 60 "trial ${t[i]} is given back" given_back "${a}_$i" "${t[i]}"
done
wait_until 60 "the first job is complete" job_is "${a}_1" COMPLETED
wait_until 60 "the second job is complete" job_is "${a}_2" COMPLETED
wait_until 60 "the third job is cancelled" job_is "${a}_3" CANCELLED
wait_until 60 "the fourth job has failed" job_is "${a}_4" FAILED
wait_until 60 "its trial is queued again" trial_is "${t[4]}" new
same "attempts lost" "0 0 0 1 " "$(for i in 1 2 3 4; do attempts_lost "${t[i]}"; done | tr '\n' ' ')"

say "a node that hangs, and a node that dies"
submit --array=1-2 --exclude=n1 --time=30 --
b=$job
for task in "${b}"_{1,2}; do
    wait_until 120 "task $task holds a trial" is_held "$task"
done
hung=$(job_field "${b}_1" BatchHost) dead=$(job_field "${b}_2" BatchHost)
[ "$hung" != "$dead" ] || fail "both tasks are on $hung"
of_hung=$(held_by "${b}_1") of_dead=$(held_by "${b}_2")
old_worker=$(worker_of "${b}_1")
kill_slurmd "$hung"
kill -STOP "$old_worker"
stale=$(compgen -G "slows.$of_hung.*")
kill_slurmd "$dead"
# shellcheck disable=SC2046
kill -KILL $(all_of "${b}_2") 2>/dev/null # some have died with others by now
wait_until 60 "nothing of task ${b}_2 is left" eval '[ -z "$(worker_of "${b}_2")" ]'

say "the others go on: the trials of both are evaluated again"
# Two of the four may get the trials that are still held for the time limits.
submit --array=1-4 --exclude="$hung,$dead" --time=30 --
d=$job
for ((num = 0; num < slots; num++)); do
    [ "$num" = "$at_limit1" ] || [ "$num" = "$at_limit2" ] || rm -f "slow.$num".*
done
wait_until 120 "trial $of_dead is done" trial_is "$of_dead" "done"
wait_until 120 "trial $of_hung is done" trial_is "$of_hung" "done"
gone "$(cat "$stale")" || fail "the hung worker's objective has not given its result yet"
winner=$(trials | grep "^{\"num\":$of_hung," | field worker)

say "the jobs are requeued and go on, beside the old worker"
slots=28
exits 0 "${hopt[@]}" study set cluster stop.max_trials=$slots
wait_until 120 "$hung and $dead are down" eval 'node_is "$hung" down && node_is "$dead" down'
rm -rf "$slurm/d-$dead" # a new machine
slurmd -N "$dead"
for task in "${b}"_{1,2}; do
    wait_until 120 "task $task is queued again" job_is "$task" PENDING
    scontrol update "jobid=$task" StartTime=now
done
for task in "${b}"_{1,2}; do
    wait_until 120 "task $task holds a trial after its second start" is_held "$task" 2
done
gone "$old_worker" && fail "the old worker does not run on"
kill -CONT "$old_worker"
wait_until 60 "the old worker's result is refused" has "job-${b}_1.log" "lease lost.*trial=$of_hung "
same "who evaluated trial $of_hung" "$winner" "$(trials | grep "^{\"num\":$of_hung," | field worker)"

say "$hung comes back and ends it"
slurmd -N "$hung"
wait_until 120 "the old worker is gone" gone "$old_worker"

say "the time limits"
for task in "$signalled" "$limited"; do
    wait_until 120 "task $task is complete" job_is "$task" COMPLETED
done
given_back "$signalled" "$at_limit1" || fail "trial $at_limit1 was not given back"
given_back "$limited" "$at_limit2" || fail "trial $at_limit2 was not given back"
holds "job-$signalled.log" 'signal 15: taking no more'
holds "job-$limited.log" 'leaving: the wall time is used up'

say "the end"
rm -f slow.*
wait_until 120 "the study is done" study_is "done"
whole $slots
same "losses of trials" "$slots" "$(trials | field loss | wc -l)"
for num in "$at_limit1" "$at_limit2" "${t[1]}" "${t[2]}" "${t[3]}"; do
    [ "$(attempts_lost "$num")" -le 2 ] || fail "trial $num lost $(attempts_lost "$num") attempts"
done
scancel --batch --signal=TERM "$d"
wait_until 60 "an idle worker leaves on SIGTERM" job_is "${d}_1" COMPLETED
scancel "$b" "$d"

# gateway: an sshd of our own, and what ssh needs to come in.
gateway() {
    local tries
    mkdir -p ssh /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f ssh/host && ssh-keygen -q -t ed25519 -N '' -f ssh/key || fail ssh-keygen
    cp ssh/key.pub ssh/authorized
    for ((tries = 0; tries < 5; tries++)); do
        port=$(free_ports 1)
        start sshd /usr/sbin/sshd -D -e -f /dev/null -h "$work/ssh/host" -p "$port" -o ListenAddress=127.0.0.1 \
            -o AuthorizedKeysFile="$work/ssh/authorized" -o StrictModes=no -o PidFile=none -o UsePAM=no
        for ((i = 0; i < 100; i++)); do
            (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
            alive sshd || break
            sleep 0.1
        done
    done
    fail "no sshd: $(cat sshd.log)"
}

say "through an ssh tunnel"
slots=30
gateway
from=${HOPT_TEST_MONGO_URI#mongodb://}
from=${from%/}
sed "s|//$from/|//TUNNEL/|" store.uri >tunnel.uri
holds tunnel.uri '^mongodb://TUNNEL/'
hold 28 29
exits 0 "${hopt[@]}" study set cluster stop.max_trials=$slots
export HOPT_TUNNEL="127.0.0.1 $from"
export HOPT_SSH_OPTIONS="-p $port -i $work/ssh/key -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR"
HOPT_GRACE_S=1 HOPT_STORE_FILE=$work/tunnel.uri submit --array=1-2 --time=30 --
e=$job
for task in "${e}"_{1,2}; do
    wait_until 120 "task $task holds a trial" is_held "$task"
done
# tunnels: the ssh processes of this test.
tunnels() {
    pgrep -f "^ssh -N -T .*-p $port "
}
same "tunnels" 2 "$(tunnels | wc -l)"
# shellcheck disable=SC2046
kill -KILL $(tunnels)
rm -f slow.28.* # one goes on when its tunnel is made anew; the other one is cancelled, ssh with it
wait_until 120 "trial 28 is done" trial_is 28 "done"
wait_until 120 "tunnels are made anew" eval '[ "$(tunnels | wc -l)" = 2 ]'
of_29=$(grep -l 'trial claimed .*trial=29' job-"$e"_*.log)
scancel "$e"
wait_until 120 "trial 29 is given back through it" has "$of_29" 'given back.*trial=29 '
wait_until 120 "no tunnel is left" eval '[ -z "$(tunnels)" ]'
