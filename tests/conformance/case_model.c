#include "tests/conformance/conformance.h"

const test_case model_cases[] = {{NULL, NULL}};
