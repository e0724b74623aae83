/**
 * Microseconds of a Cholesky factorization: that of the sampler `gp` and dpotrf of the libraries
 * given, in turns, on the same matrix, one thread; and a checksum of each factor's bits. The matrix
 * is a Matern kernel over points in five dimensions, as the sampler has it.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/rng.h"

enum { DIMENSIONS = 5, LIBRARIES_MAX = 8, ROUNDS = 300 };

typedef void dpotrf(const char *uplo, const int *n, double *a, const int *lda, int *info);

typedef struct side {
    const char *name;
    dpotrf *lapack; /* NULL: our own */
    double us[ROUNDS];
    uint64_t bits;
} side;

static void fill(double *a, size_t n) {
    double *x = hopt_alloc(n * DIMENSIONS * sizeof *x);
    hopt_rng rng;
    hopt_rng_seed(&rng, 1);
    for (size_t i = 0; i < n * DIMENSIONS; i++)
        x[i] = hopt_rng_uniform(&rng);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++) {
            double r2 = 0;
            for (size_t d = 0; d < DIMENSIONS; d++)
                r2 += pow(x[i * DIMENSIONS + d] - x[j * DIMENSIONS + d], 2);
            double t = sqrt(5 * r2);
            a[j * n + i] = (1 + t + t * t / 3) * exp(-t) + (i == j ? 1e-4 : 0);
        }
    free(x);
}

static double now_us(void) {
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static void factor(side *s, int round, double *a, double *upper, size_t n) {
    int size = (int)n, info = 0;
    double began = now_us();
    if (s->lapack)
        s->lapack("L", &size, a, &size, &info);
    else
        info = !hopt_gp_cholesky(hopt_gp_best_ops(), a, upper, n, n);
    s->us[round] = now_us() - began;
    if (info) {
        fprintf(stderr, "bench_cholesky: %s could not factor\n", s->name);
        exit(1);
    }
    if (round == 0)
        for (size_t j = 0; j < n; j++)
            s->bits = hopt_hash_fnv1a(s->bits, a + j * n + j, (n - j) * sizeof *a);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(side *sides, int count, size_t n) {
    double *kept = hopt_alloc(3 * n * n * sizeof *kept), *a = kept + n * n, *upper = a + n * n;
    fill(kept, n);
    for (int i = 0; i < count; i++)
        sides[i].bits = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < count; i++) {
            memcpy(a, kept, n * n * sizeof *a);
            factor(&sides[i], round, a, upper, n);
        }
    printf("%5zu", n);
    for (int i = 0; i < count; i++) {
        qsort(sides[i].us, ROUNDS, sizeof *sides[i].us, ascending);
        printf("  %9.1f %08llx", sides[i].us[ROUNDS / 2], (unsigned long long)sides[i].bits >> 32);
    }
    printf("\n");
    free(kept);
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {25, 50, 100, 150, 200, 250};
    side *sides = hopt_zalloc(LIBRARIES_MAX + 1, sizeof *sides);
    int count = 1;
    sides[0].name = "hopt";
    for (int i = 1; i < argc && count <= LIBRARIES_MAX; i++) {
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        void *found = library ? dlsym(library, "dpotrf_") : NULL;
        if (!found) {
            fprintf(stderr, "bench_cholesky: left out: %s\n", dlerror());
            continue;
        }
        sides[count].name = argv[i];
        memcpy(&sides[count++].lapack, &found, sizeof found);
    }
    printf("microseconds of a factorization, median of %d, and a checksum of its bits:\n%5s",
           ROUNDS, "n");
    for (int i = 0; i < count; i++) {
        const char *slash = strrchr(sides[i].name, '/');
        printf("  %18.18s", slash ? slash + 1 : sides[i].name);
    }
    printf("\n");
    for (size_t i = 0; i < HOPT_COUNT(sizes); i++)
        measure(sides, count, sizes[i]);
    free(sides);
    return 0;
}
