#!/usr/bin/env bash
# Dependencies point one way (docs/architecture.md): fails when an #include breaks the table below,
# or when a pure module reaches for a clock, a file, a socket, the environment or randomness.
#
#   include_direction.sh          check this tree, and that planted breaches are found
#   include_direction.sh check DIR  check the sources below DIR only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# FOLDER: the folders whose headers its files may include, besides its own. A file belongs to the
# longest folder that fits. Another folder's *_internal.h is never allowed.
modules='
common/base:
common/json: common/base
common/space: common/base common/json
common/sampler: common/base common/json common/space
common/trial: common/base common/json common/space
common/sys: common/base
common/loop: common/base common/sys
common/metrics: common/base
common/http: common/base common/sys
common/monitor: common/base common/sys common/metrics common/http common/store
common/plugin:
common/include/hopt:
common/store: common/base common/json common/space common/trial common/sys
common/store/sqlite: common/base common/json common/space common/trial common/sys common/store
common/store/mongo: common/base common/json common/space common/trial common/sys common/store
common/program: common/base common/json common/space common/trial common/sys common/sampler common/store
worker: common/base common/json common/space common/trial common/sys common/store common/loop common/program common/metrics common/http common/monitor
worker/runner: common/base common/plugin
libhopt: common/base common/json common/space common/trial common/sys common/store common/sampler common/include/hopt master
master: common/base common/json common/space common/trial common/sys common/store common/loop common/program common/sampler common/metrics common/http common/monitor
cli: common/base common/json common/space common/trial common/sys common/store common/loop common/program common/sampler master worker
docs: common/base common/sys common/space common/trial common/sampler master worker cli
examples: common/plugin
tests: *
'

# HEADER PATTERN (of <...>): the folders that may include it.
restricted='
uv\.h: common/loop common/http common/monitor master worker cli tests
(mongoc|bson)([./-].*)?: common/store/mongo tests
microhttpd\.h: common/http
sqlite3\.h: common/store/sqlite tests
curl/.*: common/http tests
dlfcn\.h: worker/runner tests
svm\.h|libsvm/.*: examples
jansson\.h: common/json common/space common/sampler common/trial common/store common/store/sqlite common/store/mongo worker worker/runner master libhopt cli docs tests
'

# Pure modules get time and randomness as arguments. time.c does arithmetic with gmtime and timegm.
pure='common/base common/json common/space common/sampler common/trial'
impure_headers='unistd\.h|fcntl\.h|pthread\.h|threads\.h|signal\.h|dirent\.h|poll\.h|netdb\.h|dlfcn\.h|spawn\.h|sys/.*|net/.*|netinet/.*|arpa/.*|linux/.*'
impure_calls='getenv|secure_getenv|setenv|putenv|environ|fopen|freopen|fdopen|open|openat|creat|socket|connect|clock_gettime|gettimeofday|timespec_get|time|clock|rand|srand|random|srandom|drand48|rand_r|getrandom|getentropy|localtime|localtime_r|mktime|setlocale|system|popen|fork|getpid|gethostname|usleep|nanosleep|sleep'

# shellcheck disable=SC2016 # the program is awk's
check() {
    local root=$1
    (cd "$root" && find . -path ./build -prune -o -path './build-*' -prune -o -path './.*' -prune \
        -o -name '*.[ch]' -print0 | sort -z | sed -z 's|^\./||' |
        MODULES=$modules RESTRICTED=$restricted PURE=$pure HEADERS=$impure_headers CALLS=$impure_calls \
            xargs -0 awk '
        BEGIN {
            n = split(ENVIRON["MODULES"], line, "\n")
            for (i = 1; i <= n; i++) {
                if (line[i] == "") continue
                at = index(line[i], ":")
                allowed[substr(line[i], 1, at - 1)] = " " substr(line[i], at + 1) " "
            }
            n = split(ENVIRON["RESTRICTED"], line, "\n")
            for (i = 1; i <= n; i++) {
                if (line[i] == "") continue
                at = index(line[i], ":")
                pattern[++patterns] = "^(" substr(line[i], 1, at - 1) ")$"
                users[patterns] = " " substr(line[i], at + 1) " "
            }
            n = split(ENVIRON["PURE"], line, " ")
            for (i = 1; i <= n; i++) pure[line[i]] = 1
            impure = "^(" ENVIRON["HEADERS"] ")$"
            call = "(^|[^A-Za-z0-9_>.])(" ENVIRON["CALLS"] ")[ ]*\\("
        }
        # The longest known folder that `path` is in, "" when there is none.
        function module_of(path) {
            while (match(path, /\/[^\/]*$/)) {
                path = substr(path, 1, RSTART - 1)
                if (path in allowed) return path
            }
            return ""
        }
        function breach(text) {
            print FILENAME ":" FNR ": " text
            bad = 1
        }
        # The line without comments and the insides of strings; comments may span lines.
        function code_of(text,   out) {
            gsub(/\\./, "", text)
            out = ""
            while (text != "") {
                if (inside) {
                    if (!match(text, /\*\//)) return out
                    text = substr(text, RSTART + 2)
                    inside = 0
                } else if (match(text, /\/\*|\/\/|"[^"]*"/)) {
                    out = out substr(text, 1, RSTART - 1)
                    if (substr(text, RSTART, 2) == "//") return out
                    if (substr(text, RSTART, 2) == "/*") { inside = 1; RLENGTH = 2 }
                    else out = out "\"\""
                    text = substr(text, RSTART + RLENGTH)
                } else return out text
            }
            return out
        }
        FNR == 1 {
            inside = 0
            module = module_of(FILENAME)
            if (module == "") breach("the folder is not in the table of tests/include_direction.sh")
        }
        module == "" { next }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, part, "\"")
            header = part[2]
            target = module_of(header)
            if (module == "tests" || module == "examples" && target == "") next
            if (target == "") breach("\"" header "\": write the path from the root of the tree")
            else if (target != module && index(allowed[module], " " target " ") == 0)
                breach(module " must not include " target " (\"" header "\")")
            else if (target != module && header ~ /_internal\.h$/)
                breach("\"" header "\" is private to " target)
            next
        }
        /^[ \t]*#[ \t]*include[ \t]*</ {
            header = $0
            sub(/^[^<]*</, "", header)
            sub(/>.*/, "", header)
            for (i = 1; i <= patterns; i++)
                if (header ~ pattern[i] && index(users[i], " " module " ") == 0)
                    breach(module " must not include <" header ">")
            if (module in pure && (header ~ impure || header == "time.h" && FILENAME != "common/base/time.c"))
                breach(module " is pure: no <" header ">")
            next
        }
        {
            code = code_of($0)
            if (module in pure && match(code, call))
                breach(module " is pure: no " substr(code, RSTART, RLENGTH) "...)")
        }
        END { exit bad }')
}

# plant FILE LINE: whether a tree that is clean but for LINE at the end of FILE is refused.
plant() {
    mkdir -p "$scratch/$(dirname "$1")"
    printf '#include <string.h>\n%s\n' "$2" >"$scratch/$1"
    if check "$scratch" >"$scratch/out"; then
        echo "not found: $1: $2"
        planted_bad=1
    fi
    rm "$scratch/$1"
}

# accept FILE LINE: whether LINE in FILE is allowed.
accept() {
    mkdir -p "$scratch/$(dirname "$1")"
    printf '%s\n' "$2" >"$scratch/$1"
    check "$scratch" || planted_bad=1
    rm "$scratch/$1"
}

if [ "${1:-}" = check ]; then
    check "${2:?a folder}"
    exit
fi

status=0
check . || status=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
planted_bad=0
plant common/base/x.c '#include "common/json/json.h"'
plant common/json/x.c '#include "common/space/space.h"'
plant common/sampler/x.c '#include "common/trial/trial.h"'
plant common/trial/x.c '#include "common/sampler/sampler.h"'
plant common/trial/x.h '# include "common/store/store.h"'
plant common/store/x.c '#include "master/master.h"'
plant common/store/x.c '#include "common/store/mongo/bson_json.h"'
plant common/store/sqlite/x.c '#include "common/store/mongo/bson_json.h"'
plant common/store/sqlite/x.c '#include "common/store/store_internal.h"'
plant worker/x.c '#include "common/sampler/sampler.h"'
plant worker/x.c '#include "cli/cli.h"'
plant worker/runner/x.c '#include "common/store/store.h"'
plant worker/runner/x.c '#include <uv.h>'
plant master/x.c '#include "worker/agent.h"'
plant master/x.c '#include "worker.h"'
plant master/x.c '#include <bson/bson.h>'
plant libhopt/x.c '#include <uv.h>'
plant libhopt/x.c '#include "worker/agent.h"'
plant master/x.c '#include "libhopt/libhopt_internal.h"'
plant cli/x.c '#include <mongoc/mongoc.h>'
plant cli/x.c '#include "master/keeper_internal.h"'
plant cli/x.c '#include <sqlite3.h>'
plant common/store/sqlite/x.c '#include <uv.h>'
plant common/sys/x.c '#include <uv.h>'
plant common/other/x.c 'int x;'
plant common/space/x.c '#include <unistd.h>'
plant common/space/x.c '#include <sys/socket.h>'
plant common/sampler/x.c '#include <time.h>'
plant common/sampler/x.c '    double now = time(NULL);'
plant common/trial/x.c '    const char *home = x ? getenv("HOME") : "";'
plant common/json/x.c '/* open( */ FILE *f = fopen (path, "r");'
plant common/base/time.c '    clock_gettime(CLOCK_REALTIME, &ts);'
accept common/base/time.c '#include <time.h>'
accept common/base/x.c '    /* as time() does */ hopt_time(x); // open(x)'
accept common/json/x.c '    puts("call open(x) and time(x)");'
accept common/store/mongo/x.c '#include <bson/bson.h>'
accept common/store/sqlite/x.c '#include "common/store/store_driver.h"'
accept worker/runner/x.c '#include "common/plugin/hopt_plugin.h"'
accept cli/x.c '#include "master/enroll.h"'
accept libhopt/x.c '#include "common/include/hopt/hopt.h"'
accept tests/common/x.c '#include "common/trial/trial_internal.h"'
[ "$planted_bad" = 0 ] || {
    echo "include_direction.sh does not work as it should"
    status=1
}
exit "$status"
