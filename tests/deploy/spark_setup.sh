#!/usr/bin/env bash
# Makes, the first time, a Python environment with pyspark in the cache ($HOPT_CACHE, else .cache) and
# prints its path. pyspark comes as one archive of sources that holds Spark itself; it is unpacked by hand
# to where pip would put it, since pip packs the 450 MB once more first.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=4.3.0
cache=${HOPT_CACHE:-$here/../../.cache}
venv=$cache/spark-$version
python=${HOPT_PYTHON:-/usr/bin/python3}

command -v java >/dev/null || {
    echo "java is missing: apt-get install openjdk-17-jre-headless" >&2
    exit 1
}
mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9 # tests run side by side
if [ ! -e "$venv/complete" ]; then
    {
        rm -rf "$venv"
        "$python" -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check py4j==0.10.9.9 numpy setuptools wheel
        # pip asks an archive of sources for its needs, with the tools that are there already.
        "$venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-build-isolation \
            --no-binary pyspark -d "$venv/download" "pyspark==$version"
        tar -xzf "$venv"/download/pyspark-$version.tar.gz -C "$venv" --exclude='*/deps/examples' --exclude='*/deps/data'
        packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        mv "$venv/pyspark-$version/pyspark" "$packages/pyspark"
        mv "$venv/pyspark-$version"/deps/{jars,bin,sbin} "$packages/pyspark/"
        rm -rf "$venv/download" "$venv/pyspark-$version"
        "$venv/bin/python" -c "import pyspark; assert pyspark.__version__ == '$version'"
        touch "$venv/complete"
    } >&2
fi
cd "$venv"
pwd
