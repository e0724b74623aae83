#!/usr/bin/env bash
# install.sh BUILD: installs into a folder of its own and uses what is there: nothing may point back
# into the build or the sources.
set -euo pipefail
build=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch/staged cmake --install "$build" --prefix /usr >/dev/null
mv "$scratch/staged/usr" "$scratch/moved"
root=$scratch/moved
cd "$scratch"

for file in bin/hopt bin/hopt-master bin/hopt-worker libexec/hopt/hopt-runner libexec/hopt/hopt-python-driver.py \
    include/hopt.h include/hopt_plugin.h share/pkgconfig/hopt-plugin.pc share/doc/hopt/README.md \
    share/man/man1/hopt.1 share/man/man3/hopt_fmin.3 share/man/man3/hopt_ask.3 \
    share/man/man3/hopt_space.3 share/man/man3/hopt_study.3 share/man/man3/hopt_trials.3 \
    share/man/man5/hopt-space.5 share/man/man7/hopt-plugin.7 \
    share/man/man8/hopt-master.8 share/man/man8/hopt-worker.8 \
    share/bash-completion/completions/hopt lib/systemd/system/hopt-master.service \
    'lib/systemd/system/hopt-worker@.service' share/hopt/examples/digits/study.json \
    share/hopt/python/pyproject.toml share/hopt/python/hopt/__init__.py \
    share/hopt/prometheus/hopt.rules.yml share/hopt/grafana/hopt.json; do
    [ -s "$root/$file" ] || {
        echo "not installed: $file"
        exit 1
    }
done
[ ! -e "$root/bin/hopt-runner" ] || {
    echo "hopt-runner is not for PATH"
    exit 1
}
for program in hopt hopt-master hopt-worker; do
    "$root/bin/$program" --version
done

# A study with a command needs hopt-runner, found beside the programs.
PATH=$root/bin:$PATH
hopt init study.json --quiet
hopt run study.json --max-trials 5 --quiet
[ "$(hopt trials list first --state "done" -n 0 --json | wc -l)" = 5 ]

# A plugin is compiled with what pkg-config says, and loaded.
cat >square.c <<'END'
#include <hopt_plugin.h>
static const hopt_host *host;
static int square_open(void **self, const hopt_host *h, const char *config) {
    (void)self, (void)config;
    host = h;
    return 0;
}
static int square_evaluate(void *self, hopt_eval *eval, double *loss) {
    double x;
    (void)self;
    if (host->real(eval, "x", &x) != 0) return HOPT_PLUGIN_ERROR;
    *loss = (x - 1) * (x - 1);
    return HOPT_PLUGIN_OK;
}
static const hopt_plugin plugin = {HOPT_PLUGIN_ABI, sizeof(hopt_plugin), "square", 0,
                                   square_open,     square_evaluate,     0};
const hopt_plugin *hopt_plugin_get(uint32_t host_abi) {
    return host_abi >= HOPT_PLUGIN_ABI ? &plugin : 0;
}
END
flags=$(PKG_CONFIG_PATH=$root/share/pkgconfig pkg-config --cflags hopt-plugin)
# shellcheck disable=SC2086 # several words
cc -shared -fPIC -Wall -Wextra -Werror $flags -o square.so square.c
chmod 755 square.so
cat >square.json <<'END'
{"name": "square", "space": {"x": {"_type": "uniform", "_value": [-5, 5]}},
 "objective": {"plugin": "square.so"}, "stop": {"max_trials": 5}}
END
hopt run square.json --quiet
[ "$(hopt trials list square --state "done" -n 0 --json | wc -l)" = 5 ]

# A program with the library, shared and static, from where the files are now.
cat >part.c <<'END'
#include <hopt.h>
#include <hopt_plugin.h>
#include <stdio.h>
static int square(hopt_eval *eval, double *loss, void *context) {
    double x;
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    *loss = x * x;
    return HOPT_EVAL_OK;
}
int main(void) {
    hopt_failure why;
    hopt_study *study;
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 10;
    if (hopt_study_from_expr(&study, hopt_space_uniform("x", -1, 1), NULL, &why) != HOPT_OK ||
        hopt_fmin(study, square, NULL, &options, NULL, &why) != HOPT_OK)
        return puts(why.message), 1;
    hopt_study_close(study);
    return 0;
}
END
library=$(dirname "$(find "$root" -name libhopt.a)")
export PKG_CONFIG_PATH=$library/pkgconfig
sanitize=$(sed -n 's/^HOPT_SANITIZE:STRING=//p' "$build/CMakeCache.txt")
[ -z "$sanitize" ] || sanitize=-fsanitize=$sanitize
# shellcheck disable=SC2046,SC2086 # several words
cc -Wall -Wextra -Werror $sanitize part.c -o shared $(pkg-config --cflags --libs hopt)
LD_LIBRARY_PATH=$library ./shared
# shellcheck disable=SC2046,SC2086 # several words
cc -Wall -Wextra -Werror $sanitize part.c -o static $(pkg-config --cflags hopt) \
    "$library/libhopt.a" $(pkg-config --static --libs-only-l hopt | sed 's/-lhopt\b//')
./static
echo "install: ok"
