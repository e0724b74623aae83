# The child protocol of hopt for shell scripts: copy it beside yours and source it. POSIX sh.
#
#   . ./hopt_objective.sh
#   hopt_report 3 0.52 || exit 0        an intermediate loss; false: hopt asks to stop
#   hopt_attach model.bin               keep a file of $HOPT_WORKDIR with the trial
#   hopt_result 0.41 seconds=1.5        the result, with more numbers to store beside it
#   hopt_fail "did not converge"        these parameters have no result
#
# A script that needs none of this prints its loss as the last line, and that is all. Parameters come
# as {label} in the study's command, and as JSON in $HOPT_PARAMS_FILE and on standard input.

# The inside of a JSON string.
hopt_quote() {
    printf '%s' "$1" | tr '\n\t\r' '   ' | sed 's/\\/\\\\/g; s/"/\\"/g'
}

hopt_report() {
    [ -n "$HOPT_REPORT_FD" ] || return 0 # started by hand
    printf '{"report":{"step":%d,"loss":%s}}\n' "$1" "$2" >&"$HOPT_REPORT_FD"
    read -r hopt_answer <&"$HOPT_REPORT_FD" || return 0
    case $hopt_answer in
    *true*) return 1 ;;
    esac
}

hopt_attach() {
    printf '{"attach":{"name":"%s","file":"%s"}}\n' "$(hopt_quote "${2:-$1}")" "$(hopt_quote "$1")"
}

hopt_result() {
    hopt_line="{\"result\":{\"loss\":$1"
    shift
    for hopt_pair; do
        hopt_line="$hopt_line,\"$(hopt_quote "${hopt_pair%%=*}")\":${hopt_pair#*=}"
    done
    printf '%s}}\n' "$hopt_line"
}

hopt_fail() {
    printf '{"result":{"status":"fail","status_fail":"%s"}}\n' "$(hopt_quote "$1")"
}
