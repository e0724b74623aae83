# shellcheck shell=bash
# Sourced after ../system/lib.sh: a Spark cluster of its own on loopback: a standalone master and two
# workers, ports and folders of their own. Sets $spark_python, $spark_class, $spark_submit, $spark_url.

venv=$("$deploy/spark_setup.sh") || exit $?
spark_python=$venv/bin/python
spark_home=$("$spark_python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
spark_class=$spark_home/bin/spark-class
export SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON=$spark_python PYSPARK_DRIVER_PYTHON=$spark_python
export SPARK_LOCAL_DIRS=$work/spark-local SPARK_PID_DIR=$work
# Nothing here lives for long: no time for a thorough compiler, nor threads for collecting garbage.
export JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
unset SPARK_HOME SPARK_CONF_DIR

# The page of a daemon says where it listens: with port 0 Spark takes a free one.
port_of() {
    sed -nE "s/.*Successfully started service '$2' on port ([0-9]+).*/\1/p" "$work/$1.log" | head -n 1
}

has_port() {
    [ -n "$(port_of "$@")" ]
}

# page PATH [PORT]: of the master, or of a driver.
page() {
    "$spark_python" -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())' "http://127.0.0.1:${2:-$(port_of spark-master MasterUI)}$1"
}

spark_workers() {
    page /json/ 2>/dev/null | grep -qE "\"aliveworkers\" : $1"
}

# spark_start CORES: of each worker.
spark_start() {
    local i
    mkdir -p "$work/spark-local"
    start spark-master "$spark_class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 0 --webui-port 0
    wait_until 600 "Spark's master is up" has_port spark-master sparkMaster
    spark_url=spark://127.0.0.1:$(port_of spark-master sparkMaster)
    for i in 1 2; do
        start "spark-worker$i" "$spark_class" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --port 0 --webui-port 0 \
            --cores "$1" --memory 4g --work-dir "$work/spark-work$i" "$spark_url"
    done
    wait_until 600 "Spark's page is up" has_port spark-master MasterUI
    wait_until 600 "both workers are alive" spark_workers 2
}

# spark_processes: what has our SPARK_LOCAL_DIRS in its environment: daemons, drivers, executors, their
# Python.
spark_processes() {
    local file
    for file in /proc/[0-9]*/environ; do
        grep -qzFx "SPARK_LOCAL_DIRS=$SPARK_LOCAL_DIRS" "$file" 2>/dev/null || continue
        file=${file#/proc/}
        file=${file%/*}
        [ "$file" = $$ ] || [ "$file" = "$BASHPID" ] || echo "$file"
    done
}

# workers_here [STUDY.json]: hopt-workers in executors. They have a clean environment, and are known by
# where they run.
workers_here() {
    local pid
    for pid in $(pgrep -x hopt-worker); do
        [[ $(readlink "/proc/$pid/cwd")/ = "$work"/* ]] || continue
        tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "${1:-}" && echo "$pid"
    done
}

spark_stop() {
    local round pid
    for round in 1 2 3; do
        for pid in $(spark_processes) $(workers_here); do
            kill -KILL "$pid" 2>/dev/null
        done
    done
}

# executor_of PID: the executor's JVM above a process.
executor_of() {
    local pid=$1
    while [ "$pid" -gt 1 ]; do
        if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q CoarseGrainedExecutorBackend; then
            echo "$pid"
            return
        fi
        pid=$(ps -o ppid= -p "$pid" | tr -d ' ')
    done
}

# submit NAME OPTION... -- PROGRAM [ARGUMENT...]: spark-submit in the background, small.
submit() {
    local name=$1
    shift
    start "$name" "$spark_home/bin/spark-submit" --master "$spark_url" --driver-memory 512m \
        --conf spark.executor.memory=512m --conf spark.executor.cores=1 "$@"
}
