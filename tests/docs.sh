#!/usr/bin/env bash
# docs.sh BIN: what the pages say is so. Every study or space in them is accepted by `hopt check`,
# every relative link leads somewhere, every command and option named in a shell block exists.
set -euo pipefail
bin=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0
fail() {
    echo "$*"
    bad=1
}
pages=(README.md deploy/README.md deploy/*/README.md docs/*.md docs/adr/*.md examples/*/README.md)

# Blocks of JSON: whole studies, or a part that is put into one.
for page in README.md docs/search-space.md docs/objectives.md; do
    awk -v to="$scratch/$(basename "$page" .md)" '
        /^```json/ { n++; inside = 1; next }
        /^```/ { inside = 0 }
        inside { print > (to "-" n ".part") }' "$page"
done
space='"space": {"x": {"_type": "uniform", "_value": [0, 1]}, "rate": {"_type": "uniform", "_value": [0, 1]}, "model": {"_type": "choice", "_value": ["a", "b"]}}'
checked=0
for part in "$scratch"/*.part; do
    text=$(cat "$part")
    case $text in
    '{'*) ;;
    '"space"'*) text="{\"name\": \"page\", $text}" ;;
    '"objective"'*) text="{\"name\": \"page\", $space, $text}" ;;
    '"model"'*) text="{\"name\": \"page\", \"space\": {$text}}" ;;
    '"points"'*)
        text="{\"name\": \"page\", $(cat "$scratch/search-space-1.part"), $text}"
        ;;
    *) fail "$part: not known what this is: $text" ;;
    esac
    "$bin/hopt" check - <<<"$text" >"$scratch/out" 2>&1 ||
        fail "hopt check refuses $(basename "$part"): $(cat "$scratch/out")"
    checked=$((checked + 1))
done
[ "$checked" -ge 8 ] || fail "only $checked blocks of JSON were found"

# Links.
for page in "${pages[@]}"; do
    [ -e "$page" ] || continue
    while read -r link; do
        [ -e "$(dirname "$page")/${link%%#*}" ] || fail "$page: no such file: $link"
    done < <(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//' | grep -vE '^(https?:|#)' || true)
done

# Commands of hopt in shell blocks and their long options.
while read -r line; do
    words=()
    for word in ${line%%#*}; do
        case $word in
        -*) break ;;
        '&&' | '&' | '|' | '>') break ;;
        *) words+=("$word") ;;
        esac
    done
    program=${words[0]##*/}
    help=()
    if [ "$program" = hopt ]; then
        help=("${words[1]:-}")
        case ${words[1]:-} in study | trials) help+=("${words[2]:-}") ;; esac
    fi
    "$bin/$program" "${help[@]}" --help >"$scratch/help" 2>&1 || {
        fail "no such command: $line"
        continue
    }
    for word in $line; do
        case $word in
        '#'*) break ;;
        --[a-z]*)
            grep -qE -- "${word%%=*}([ ,=]|$)" "$scratch/help" || fail "no such option $word: $line"
            ;;
        esac
    done
done < <(awk '/^```sh/ { inside = 1; next } /^```/ { inside = 0 } inside' "${pages[@]}" |
    grep -oE '^(build/bin/)?hopt(-master|-worker)?( .*)?$|(\&\& )hopt [^&|]*' | sed 's/^&& //')

[ "$bad" = 0 ] && echo "docs: $checked blocks, ${#pages[@]} pages"
exit "$bad"
