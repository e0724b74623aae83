#!/bin/sh
# mongo_copy_test.sh BIN: a study goes from SQLite to MongoDB and back with all that belongs to it,
# also when the copy is interrupted. Needs HOPT_TEST_MONGO_URI (tests/services/mongo.sh run ...).
set -u
bin=$1 failed=0
if [ -z "${HOPT_TEST_MONGO_URI:-}" ]; then
    [ "${HOPT_TEST_MONGO:-}" = skip ] && { echo "skipped: HOPT_TEST_MONGO=skip"; exit 77; }
    echo "HOPT_TEST_MONGO_URI is not set"
    exit 1
fi
work=$(mktemp -d) || exit 1
mongo=$(echo "$HOPT_TEST_MONGO_URI" | sed -E "s|^(mongodb://[^/?]+)(/[^?]*)?|\1/hopt_cli_$$|")
PATH=$bin:$PATH LC_ALL=C.UTF-8
export PATH LC_ALL
unset HOPT_STORE
trap 'hopt study delete toy --yes -q --store "$mongo" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "FAIL: $*"; failed=1; }
# Everything of each trial but its tid, which is the store's own.
content() { hopt export --store "$1" | sed -E 's/"tid":[0-9]+,//'; }

cat > objective.sh << 'END'
echo '{"report":{"step":1,"loss":5}}'
echo "a line of the log"
echo "{\"loss\": $1, \"twice\": 2}"
END
cat > study.json << 'END'
{"name": "toy", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
 "objective": {"command": ["sh", "objective.sh", "{x}"]}, "sampler": {"name": "random", "seed": 3}}
END
hopt run study.json --max-trials 300 -j 4 -q --store sqlite:from.db > /dev/null || fail "run"
[ "$(content sqlite:from.db | wc -l)" -eq 300 ] || fail "the source has not 300 trials"
hopt trials show 7 --store sqlite:from.db | grep -q 'step 1: 5' || fail "the source has no report"

# Killed on the way: the copy is paused, nothing works on it, and the same command goes on.
hopt copy sqlite:from.db "$mongo" -q &
pid=$!
sleep 0.4
kill -9 $pid 2> /dev/null
wait $pid 2> /dev/null
hopt study list --store "$mongo" | grep toy | grep -q -e paused || echo "remark: the copy was done or not begun when it was killed"
hopt copy sqlite:from.db "$mongo" -q || fail "copy to MongoDB: $?"
content sqlite:from.db > a
content "$mongo" > b
cmp a b || fail "MongoDB's trials differ: $(diff a b | head -4)"
hopt study list --store "$mongo" | cut -f2-5 | sed 1d > c
hopt study list --store sqlite:from.db | cut -f2-5 | sed 1d > d
cmp c d || fail "the studies differ"
hopt copy sqlite:from.db "$mongo" -q 2> /dev/null
[ $? -eq 6 ] || fail "a second copy was not refused with 6"

hopt copy "$mongo" sqlite:back.db -q || fail "copy back: $?"
content sqlite:back.db > e
cmp a e || fail "the trials that came back differ"
for num in 7 299; do
    hopt trials show "$num" --store sqlite:from.db > f
    hopt trials show "$num" --store sqlite:back.db > g
    cmp f g || fail "trial $num lost its reports or log"
done
[ "$(hopt doctor --store "$mongo" | grep -c -e '^FAIL')" -eq 0 ] || fail "$(hopt doctor --store "$mongo")"
exit $failed
