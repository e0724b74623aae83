#include "tests/conformance/conformance.h"

const test_case extra_cases[] = {{NULL, NULL}};
