#include "common/sampler/gp/gp_vector.h"

#include <stdint.h>
#include <string.h>

#define OPS_NAME gp_16
#define OPS_TARGET
#define OPS_BYTES 16
#include "common/sampler/gp/gp_vector_body.h"

#if defined(__x86_64__)
#define OPS_NAME gp_32
#define OPS_TARGET __attribute__((target("avx2")))
#define OPS_BYTES 32
#include "common/sampler/gp/gp_vector_body.h"

#define OPS_NAME gp_64
#define OPS_TARGET __attribute__((target("avx512f")))
#define OPS_BYTES 64
#include "common/sampler/gp/gp_vector_body.h"
#endif

const hopt_gp_ops *hopt_gp_ops_at(int i) {
    const hopt_gp_ops *all[4] = {&gp_16_ops};
#if defined(__x86_64__)
    int n = 1;
    if (__builtin_cpu_supports("avx2")) all[n++] = &gp_32_ops;
    if (__builtin_cpu_supports("avx512f")) all[n++] = &gp_64_ops;
#endif
    return i < 4 ? all[i] : NULL;
}

const hopt_gp_ops *hopt_gp_best_ops(void) {
    int i = 0;
    while (hopt_gp_ops_at(i + 1))
        i++;
    return hopt_gp_ops_at(i);
}
