#!/bin/sh
# How small does xz make this file with these settings? LC LP PB MODE NICE
. ./hopt_objective.sh
lc=$1 lp=$2 pb=$3 finder=$4 nice=$5
file=${FILE:-../plugin-svm/digits.libsvm}

if [ $((lc + lp)) -gt 4 ]; then # xz refuses such settings
    hopt_fail "lc + lp is above 4"
    exit 0
fi
packed=$HOPT_WORKDIR/packed
xz --format=raw --lzma2="lc=$lc,lp=$lp,pb=$pb,mf=$finder,nice=$nice" -c "$file" >"$packed" || exit
before=$(wc -c <"$file") after=$(wc -c <"$packed")
echo "$before bytes became $after"
hopt_result "$after" ratio="$(awk "BEGIN { print $after / $before }")"
