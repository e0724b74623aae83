#!/usr/bin/env bash
# systemd.sh mongo: the units under a real systemd, booted in a container, with the package of hopt
# that debian.sh made (DEPLOY_BUILD). Start until READY, kill -9, a hung program, stop in mid-trial.
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=rootfs.sh
. "$repo/tests/deploy/rootfs.sh"
deploy_needs debootstrap systemd-nspawn nsenter

deploy_lock
deploy_root system || fail "no Debian folder"
deploy_debs=("$DEPLOY_BUILD"/deploy-release/packages/hopt_*.deb)
[ -s "${deploy_debs[0]}" ] || deploy_packages "$DEPLOY_BUILD/deploy-release" || fail "no packages"
root=$work/root
cp -a --reflink=auto "$deploy_system" "$root"
deploy_unlock

leader=
at_exit() {
    [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null
    unmount_below "$root"
    rm -rf --one-file-system "$root"
}

eval "$(declare -f fail | sed '1s/fail/fail_now/')"
fail() {
    [ -z "$leader" ] || inside journalctl --no-pager >"$work/journal.log" 2>&1
    fail_now "$@"
}

nspawn=(systemd-nspawn --quiet -D "$root" --register=no --keep-unit --console=pipe)
"${nspawn[@]}" true </dev/null >"$work/nspawn.log" 2>&1 ||
    skip "systemd-nspawn cannot run here: $(tail -n 1 "$work/nspawn.log")"
say "systemd-nspawn runs"
cp "${deploy_debs[@]}" "$root/tmp/"
in_debian "$root" sh -c 'dpkg -i /tmp/hopt_*.deb' >"$work/dpkg.log" 2>&1 </dev/null || fail "dpkg -i"
rm "$root"/tmp/*.deb

# ---- the files ----

units=(hopt-master.service hopt-worker@units.service)
verify() {
    in_debian "$root" systemd-analyze verify --man=no "$@" </dev/null
}
exits 0 verify "${units[@]}"
sed 's/^WatchdogSec/WatchdogSecs/' "$root/usr/lib/systemd/system/hopt-master.service" \
    >"$root/run/hopt-slip.service"
verify /run/hopt-slip.service >"$work/slip.txt" 2>&1
holds slip.txt 'WatchdogSecs'
exits 0 in_debian "$root" systemd-analyze security --offline=yes --threshold=30 "${units[@]}"
say "the units are as systemd wants them, and hardened"

# ---- a study ----

write_study units '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 60}, "trial": {"lease_s": 10, "max_attempts": 2}'
home=$root/srv/hopt/units
mkdir -p "$home" "$root/etc/hopt" "$root/etc/default"
mv study.json "$home/"
# It looks around for the store's address, says which signals it got, and waits where hold.* is.
cat >"$home/obj" <<'END'
#!/bin/sh
trap 'echo "got SIGTERM"' TERM
me=$HOPT_TRIAL.$HOPT_ATTEMPT
env | grep -E 'HOPT_STORE|NOTIFY|mongodb'
cat /etc/hopt/store.env /proc/"$PPID"/environ 2>/dev/null | tr '\0' '\n' | grep -E 'mongodb'
touch /srv/hopt/units/written 2>/dev/null && echo "may write beside the study"
echo "$me" >"$HOPT_WORKDIR/file" || echo "cannot write in its scratch folder"
while [ -e "hold.$me" ]; do sleep 0.1; done
[ -e quick ] || sleep 1
echo "$1"
END
chmod 755 "$home/obj"
touch "$home/hold.0.1"
(umask 077 && echo "HOPT_STORE=$store" >"$root/etc/hopt/store.env")
echo "HOPT_MASTER_ARGS=--poll 200ms /srv/hopt/units/study.json" >"$root/etc/default/hopt-master"
echo "HOPT_WORKER_ARGS=--grace 1s" >"$root/etc/default/hopt-worker"
# What the test cannot wait for.
for unit in hopt-master hopt-worker@; do
    mkdir -p "$root/etc/systemd/system/$unit.service.d"
    printf '[Service]\nWatchdogSec=5\nRestartSec=200ms\n' \
        >"$root/etc/systemd/system/$unit.service.d/quick.conf"
done

# ---- boot ----

start nspawn "${nspawn[@]}" --boot
booted() {
    leader=$(ps -o pid= --ppid "$(pid nspawn)" | tr -d ' ')
    [ -n "$leader" ] && inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'
}
inside() {
    nsenter -t "$leader" -a "$@" </dev/null
}
wait_until 120 "systemd is up" booted
say "systemd $(inside systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p') is up"

# show UNIT PROPERTY
show() {
    inside systemctl show -P "$2" "$1"
}
main_pid() {
    show "$1" MainPID
}
is_active() {
    [ "$(show "$1" ActiveState)" = active ]
}
worker_unit="hopt-worker@units.service"
journal() {
    inside journalctl --no-pager -o cat -u "$1" >"$work/journal.txt" 2>&1
}
logged() {
    journal "$1"
    has journal.txt "$2"
}

# Type=notify: it returns when READY=1 has come.
exits 0 inside systemctl start hopt-master.service
exits 0 inside systemctl start "$worker_unit"
for unit in hopt-master.service "$worker_unit"; do
    same "state of $unit" active "$(show "$unit" ActiveState)"
    same "type of $unit" notify "$(show "$unit" Type)"
    [ "$(show "$unit" WatchdogTimestampMonotonic)" != 0 ] || fail "$unit: no word for the watchdog"
done
[ "$(main_pid "$worker_unit")" != 0 ] || fail "no worker"
say "READY from both"
wait_until 60 "trial 0 is running" trial_is 0 running

# ---- kill -9 ----

# killed UNIT SIGNAL: it is started again, and has told that it is ready.
killed() {
    local before
    before=$(main_pid "$1")
    exits 0 inside sh -c "kill -$2 $before"
    another() {
        is_active "$1" && [ "$(main_pid "$1")" != "$2" ]
    }
    wait_until 60 "$1 is started again" another "$1" "$before"
}
killed "$worker_unit" KILL
rm "$home/hold.0.1"
wait_until 60 "trial 0 is evaluated again" trial_is 0 done
same "attempt of trial 0" 2 "$(trials | grep '^{"num":0,' | field attempt)"
# Whatever is proposed from now on waits; those before it do not.
next=$(count_trials '')
for num in $(seq "$next" 59); do : >"$home/hold.$num.1"; done
held=
waits() {
    held=$(trials | grep '"state":"running"' | field num)
    [ -n "$held" ] && [ "$held" -ge "$next" ]
}
wait_until 120 "a trial waits" waits
killed hopt-master.service KILL
say "kill -9 of the worker and of the master: both are back, the trial is done"

# ---- a program that hangs ----

killed hopt-master.service STOP
same "why it was restarted" watchdog "$(inside journalctl -o cat -u hopt-master.service |
    grep -oE "result 'watchdog'" | head -n 1 | tr -d "'" | cut -d ' ' -f 2)"
say "a master that stood still was found by the watchdog"

# ---- stop in mid-trial ----

trial_is "$held" running || fail "trial $held is $(trial_state "$held")"
exits 0 inside systemctl stop "$worker_unit"
same "result of the stop" success "$(show "$worker_unit" Result)"
trial_is "$held" new || fail "trial $held is $(trial_state "$held")"
wait_until 60 "trial $held was given back" logged "$worker_unit" "trial given back study=units trial=$held "
lacks journal.txt 'second signal'
same "attempt of trial $held" 1 "$(trials | grep "^{\"num\":$held," | field attempt)"
say "stop: the trial is back in the queue"
touch "$home/quick"
rm "$home"/hold.*

# ---- to the end ----

exits 0 inside systemctl start "$worker_unit"
wait_until 300 "the study is done" study_is "done"
whole 60 "done"
for num in 0 "$held" 59; do
    exits 0 "${hopt[@]}" trials show units "$num" --log
    lacks out.txt 'mongodb|HOPT_STORE|NOTIFY|may write|cannot write|got SIGTERM'
done
exits 0 inside systemctl stop hopt-master.service "$worker_unit"
for unit in hopt-master.service "$worker_unit"; do
    same "$unit in the end" inactive "$(show "$unit" ActiveState)"
    journal "$unit"
    lacks journal.txt "$store"
done

# ---- what is wrong is said, and not tried for ever ----

echo '{"name": "units", "space": {}' >"$home/study.json"
exits 1 inside systemctl start "$worker_unit"
same "restarts with a bad study file" 0 "$(show "$worker_unit" NRestarts)"
wait_until 60 "a word about the study file" logged "$worker_unit" 'study\.json:[0-9]+:[0-9]+: '

inside poweroff >/dev/null 2>&1
wait_end nspawn 60
leader=
exit 0
