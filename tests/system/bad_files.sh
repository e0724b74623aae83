#!/usr/bin/env bash
# Bad study files through every program that reads one: exit 2, one message with file:line:column, the
# label and what to do; no study, no trial and no file is made. Never a crash or a hang.
. "$(dirname "$0")/lib.sh"

mkdir files && cd files || exit 2
# put NAME PATTERN SPACE [MORE]: a file whose message must match PATTERN.
declare -A wanted=()
put() {
    wanted[$1]=$2
    printf '{"name": "bad",\n "space": %s,\n "objective": {"command": ["true"]}%s}\n' "$3" "${4:+, $4}" >"$1.json"
}
# raw NAME PATTERN: the file comes from standard input.
raw() {
    wanted[$1]=$2
    cat >"$1.json"
}
x='{"x": {"_type": "uniform", "_value": [0, 1]}}'

put unknown_key 'trils' "$x" '"trils": 3'
put duplicate_key 'name' "$x" '"name": "again"'
put unknown_type 'unifrom' '{"x": {"_type": "unifrom", "_value": [0, 1]}}'
put swapped '\bx\b' '{"x": {"_type": "uniform", "_value": [1, 0]}}'
put equal '\bx\b' '{"x": {"_type": "uniform", "_value": [1, 1]}}'
put nan '[0-9]' '{"x": {"_type": "uniform", "_value": [NaN, 1]}}'
put infinite '[0-9]' '{"x": {"_type": "uniform", "_value": [0, Infinity]}}'
put huge '[0-9]' '{"x": {"_type": "uniform", "_value": [0, 1e999]}}'
put log_zero '\bx\b' '{"x": {"_type": "loguniform", "_value": [0, 1]}}'
put log_negative '\bx\b' '{"x": {"_type": "qloguniform", "_value": [-1, 1, 0.5]}}'
put q_zero '\bx\b' '{"x": {"_type": "quniform", "_value": [0, 1, 0]}}'
put q_negative '\bx\b' '{"x": {"_type": "qnormal", "_value": [0, 1, -1]}}'
put sigma '\bx\b' '{"x": {"_type": "normal", "_value": [0, 0]}}'
put empty_choice '\bx\b' '{"x": {"_type": "choice", "_value": []}}'
put probabilities '\bx\b' '{"x": {"_type": "pchoice", "_value": [[0.5, 1], [0.6, 2]]}}'
put label_dollar 'label' '{"$x": {"_type": "uniform", "_value": [0, 1]}}'
put label_dot 'label' '{"a.b": {"_type": "uniform", "_value": [0, 1]}}'
put label_empty 'label' '{"": {"_type": "uniform", "_value": [0, 1]}}'
put two_definitions '\bx\b' '{"a": {"_type": "uniform", "_value": [0, 1], "_label": "x"}, "b": {"_type": "uniform", "_value": [0, 2], "_label": "x"}}'
put max_trials_zero 'max_trials' "$x" '"stop": {"max_trials": 0}'
put max_trials_ten 'max_trials' "$x" '"stop": {"max_trials": "ten"}'
put unknown_sampler 'sampler' "$x" '"sampler": {"name": "oracle"}'
put outside '\bx\b' "$x" '"points": [{"x": 3}]'
put missing_point '\bx\b' "$x" '"points": [{}]'
raw unknown_label '\bz\b' <<<'{"name": "bad",
 "space": {"x": {"_type": "uniform", "_value": [0, 1]}}, "objective": {"command": ["echo", "{z}"]}}'
raw bad_name 'name' <<<'{"name": "no/such name",
 "space": {"x": {"_type": "uniform", "_value": [0, 1]}}, "objective": {"command": ["true"]}}'
raw syntax '[0-9]' <<<'{"name": "bad", "space": {,}}'
raw truncated '[0-9]' <<<'{"name": "bad",
 "space": {"x": {"_type": "uniform", "_va'
raw empty '[0-9]' </dev/null
raw list '[0-9]' <<<'[1, 2]'
raw deep '[0-9]' < <(printf '{"name": "bad", "space": '; printf '[%.0s' $(seq 5000); printf ']%.0s' $(seq 5000); printf '}\n')
raw not_utf8 '[0-9]' < <(printf '{"name": "b\xff\xfed", "space": {}}\n')
raw nul '[0-9]' < <(printf '{"name": "bad\0", "space": {}}\n')
raw binary '[0-9]' < <(head -c 5000 /bin/sh)
raw large '(large|MB|MiB|[0-9])' < <(printf '{"name": "bad", "space": "'; head -c 100000000 /dev/zero | tr '\0' a; printf '"}')
cd ..

# fails NAME COMMAND...
fails() {
    local name=$1 file=files/$1.json code
    shift
    timeout 120 "$@" >out.txt 2>err.txt </dev/null
    code=$?
    [ "$code" = 2 ] || fail "$name: exit $code instead of 2: $* : $(head -c 300 err.txt)"
    case $name in
    large) has err.txt "$file" || fail "$name: the file is not named: $(head -c 300 err.txt)" ;;
    *) has err.txt "$file:[0-9]+:[0-9]+: " || fail "$name: no file:line:column: $(head -c 300 err.txt)" ;;
    esac
    has err.txt "$file.*${wanted[$name]}" || fail "$name: no \"${wanted[$name]}\": $(head -c 300 err.txt)"
    [ "$(wc -c <err.txt)" -lt 5000 ] || fail "$name: $(wc -c <err.txt) bytes of message"
    [ ! -s out.txt ] || fail "$name: standard output: $(head -c 300 out.txt)"
}

for name in "${!wanted[@]}"; do
    file=files/$name.json
    fails "$name" "${hopt[@]}" check "$file"
    fails "$name" "${hopt[@]}" run "$file"
    fails "$name" "${hopt[@]}" study create "$file"
    fails "$name" "${master[@]}" "$file"
    fails "$name" "${worker[@]}" "$file"
done
say "${#wanted[@]} files, five programs"
[ -z "$(find . -name '*.db*')" ] || fail "a store was made: $(find . -name '*.db*')"

# All independent errors of a file come together, up to ten.
cat >files/many.json <<'END'
{"name": "bad",
 "space": {"a": {"_type": "uniform", "_value": [1, 0]},
           "b": {"_type": "loguniform", "_value": [0, 1]},
           "c": {"_type": "normal", "_value": [0, -1]}},
 "objective": {"command": ["echo", "{nosuch}"]},
 "stop": {"max_trials": 0},
 "extra": 1}
END
exits 2 "${hopt[@]}" check files/many.json
within "messages" 5 7 "$(grep -c '^.*files/many.json:[0-9]*:[0-9]*: ' err.txt)"
for line in 2 3 4 6 7; do
    holds err.txt "many.json:$line:"
done

# Beside good files a bad one keeps all of them out.
write_study good '{"command": ["echo", "1"]}'
exits 2 "${master[@]}" study.json files/many.json
[ -z "$(find . -name '*.db*')" ] || fail "a store was made"
exits 2 "${hopt[@]}" check files/absent.json
holds err.txt 'absent.json.*No such file'
exits 2 "${hopt[@]}" check files
