/** The ziggurat tables (numpy_ziggurat.c). */
#ifndef HOPT_SAMPLER_HYPEROPT_NUMPY_INTERNAL_H
#define HOPT_SAMPLER_HYPEROPT_NUMPY_INTERNAL_H

#include "common/sampler/hyperopt/numpy.h"

enum { HOPT_NUMPY_LAYERS = 256 };

extern const uint64_t hopt_numpy__normal_k[HOPT_NUMPY_LAYERS];
extern const double hopt_numpy__normal_w[HOPT_NUMPY_LAYERS];
extern const double hopt_numpy__normal_f[HOPT_NUMPY_LAYERS];
extern const uint64_t hopt_numpy__exponential_k[HOPT_NUMPY_LAYERS];
extern const double hopt_numpy__exponential_w[HOPT_NUMPY_LAYERS];
extern const double hopt_numpy__exponential_f[HOPT_NUMPY_LAYERS];

#endif
